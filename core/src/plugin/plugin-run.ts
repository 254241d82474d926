import type { Logger } from 'pino';
import { type Clock, type Context, inRequest, withDeadline } from '../context/index.ts';
import { HawserError, messageOf, toHawserError } from '../errors/index.ts';
import { internalErrors } from '../errors/to-error.ts';
import type { AnyPlugin, Reconfigure, StartContext } from './definition.ts';
import { pluginErrors } from './errors.ts';
import { dispose, isDisposable, OwnedScope, type ScopeOwner } from './owned-scope.ts';
import type { PlannedPlugin } from './planned-plugin.ts';
import { settlesWithin } from './settles-within.ts';
import { Skips } from './skips.ts';
import { Standing } from './standing.ts';
import type { PluginReport, PluginStatus } from './status.ts';

const DEFAULT_DEADLINE_MS = 10_000;
const OWN_WORD = 'its own word';

export interface RunOptions {
  readonly planned: PlannedPlugin;
  readonly settings: unknown;
  readonly context: Context;
  readonly log: Logger;
  readonly onChange: (report: PluginReport) => void;
  /** The level that its log has been set to, where it has. */
  readonly logLevel: (uri: string) => string | undefined;
}

/** What a plugin takes while it runs. */
interface InPlace {
  readonly apply: Reconfigure<unknown>;
  /** Top-level keys; undefined: all. */
  readonly keys: readonly string[] | undefined;
}

/** What start gets for what the plugin requires. */
export interface Received {
  /** Name in `requires` → value. */
  readonly values: Readonly<Record<string, unknown>>;
  /** Name in `requires` → URI of the one plugin that the value is of; those that ask for all have none. */
  readonly providers: ReadonlyMap<string, string>;
  /** Names in `requires` whose value follows whoever provides it. */
  readonly relayed: ReadonlySet<string>;
}

/** One plugin's life, from one start to its stop: start under its deadline, stop under its own, nothing left in between. */
export class PluginRun implements ScopeOwner {
  readonly uri: string;
  readonly plugin: AnyPlugin;
  readonly clock: Clock;
  readonly log: Logger;
  readonly #options: RunOptions;
  readonly #standing: Standing;
  readonly #scope: OwnedScope;
  readonly #abort = new AbortController();
  readonly #skips = new Skips();
  #settings: unknown;
  #inPlace: InPlace | undefined;
  #isUncertain = false;
  #links: Omit<Received, 'values'> = { providers: new Map(), relayed: new Set() };
  #call: Promise<unknown> | undefined;
  #end: Promise<readonly HawserError[]> | undefined;

  constructor(options: RunOptions) {
    this.uri = options.planned.uri;
    this.plugin = options.planned.plugin;
    this.clock = options.context.clock;
    this.log = options.log;
    this.#options = options;
    this.#settings = options.settings;
    this.#standing = new Standing(options.planned, this.clock, (report) => options.onChange(this.#completed(report)));
    this.#scope = new OwnedScope(this);
  }

  get status(): PluginStatus {
    return this.#standing.status;
  }

  get planned(): PlannedPlugin {
    return this.#options.planned;
  }

  /** Name in `requires` → URI of the plugin whose value it was started with. */
  get providers(): ReadonlyMap<string, string> {
    return this.#links.providers;
  }

  /** Name in `requires` whose value follows whoever provides it. */
  get relayed(): ReadonlySet<string> {
    return this.#links.relayed;
  }

  /** Those in force. */
  get settings(): unknown {
    return this.#settings;
  }

  /** Whether nobody can say which settings are in force, because changing them has failed half-way. */
  get isUncertain(): boolean {
    return this.#isUncertain;
  }

  /** Whether it takes other values of these top-level keys while it runs. */
  canReconfigure(keys: readonly string[]): boolean {
    if (this.#inPlace === undefined || this.#isUncertain) return false;
    const { keys: taken } = this.#inPlace;
    return taken === undefined || keys.every((key) => taken.includes(key));
  }

  /** Puts other settings in force while it runs, within its start deadline. Rejects where it didn't take them. */
  async reconfigure(settings: unknown): Promise<void> {
    const { apply } = this.#inPlace ?? {};
    if (apply === undefined) throw new Error(`'${this.uri}' does not take settings while it runs`);
    const late = (): HawserError =>
      pluginErrors.reconfigureDeadline(`plugin '${this.uri}' did not take its settings within ${this.#startDeadlineMs} ms`);
    this.#isUncertain = true;
    await withDeadline(this.clock, this.#startDeadlineMs, late, async (signal) => apply(settings, { signal }), this.signal);
    this.#isUncertain = false;
    this.#settings = settings;
  }

  get error(): HawserError | undefined {
    return this.#standing.error;
  }

  get signal(): AbortSignal {
    return this.#abort.signal;
  }

  why(): string {
    return this.#standing.why();
  }

  report(): PluginReport {
    return this.#completed(this.#standing.report());
  }

  #completed(report: PluginReport): PluginReport {
    const workers = this.#scope.workers();
    const { logLevel } = this.#options;
    const level = logLevel(this.uri);
    return { ...report, ...(workers.length === 0 ? {} : { workers }), ...(level === undefined ? {} : { logLevel: level }) };
  }

  /** It is not to be started, for a reason that lies elsewhere. */
  skip(reason: string): void {
    this.#standing.skipped(reason);
  }

  /** It can't be started, for a fault that lies elsewhere. */
  fail(error: HawserError): void {
    this.#standing.failed(error);
  }

  workerFailed(name: string, error: HawserError): void {
    this.log.warn({ err: error, worker: name }, error.message);
    this.#standing.degrade(`worker ${name}`, error);
  }

  workerRecovered(name: string): void {
    this.#standing.recover(`worker ${name}`);
  }

  /**
   * Calls start, as part of no request; resolves once the outcome is known, and never rejects. `accept` takes the value
   * before anyone hears that the plugin is ok.
   */
  async start({ values, ...links }: Received, accept: (value: unknown) => void): Promise<void> {
    this.#standing.begin();
    this.#links = links;
    const begin = (): unknown => this.plugin.start({ ...values, ...this.#startContext() });
    const call = inRequest(undefined, () => Promise.resolve().then(begin));
    this.#call = call;
    try {
      const result = await withDeadline(
        this.clock,
        this.#startDeadlineMs,
        () => this.#lateError(),
        () => call,
      );
      if (this.signal.aborted) return this.#discard(result);
      this.#skips.check(this.uri, result);
      if (this.#skips.has(result)) return await this.#endEarly(() => this.#standing.skipped(result.skipped), 'it was skipped');
      accept(result);
      this.#standing.started();
    } catch (thrown) {
      const error = this.#startError(thrown);
      if (pluginErrors.startDeadline.is(thrown)) this.#giveUp(error);
      else await this.#endEarly(() => this.#standing.failed(error), 'its start has failed');
    }
  }

  /** Tells it to stop without waiting for it; its start, where that is still going on, is to give up. */
  interrupt(reason: string): void {
    this.#abort.abort(pluginErrors.stopping(`'${this.uri}' is stopping: ${reason}`));
  }

  /** Releases whatever it holds, within its stop deadline. Never rejects; stopping twice is stopping once. */
  stop(reason: string): Promise<readonly HawserError[]> {
    this.#end ??= this.#stop(reason);
    return this.#end;
  }

  async #stop(reason: string): Promise<readonly HawserError[]> {
    this.interrupt(reason);
    if (this.status === 'starting' && this.#call === undefined) this.#standing.skipped(`not started: ${reason}`);
    this.#standing.stopping(reason);
    const errors = await this.#closeAfter(this.#call ?? Promise.resolve());
    this.#standing.stopped(errors[0]);
    return errors;
  }

  get #startDeadlineMs(): number {
    return this.plugin.startDeadlineMs ?? DEFAULT_DEADLINE_MS;
  }

  get #stopDeadlineMs(): number {
    return this.plugin.stopDeadlineMs ?? DEFAULT_DEADLINE_MS;
  }

  #startContext(): StartContext<unknown> {
    return {
      ...this.#options.context,
      uri: this.uri,
      config: this.#settings,
      signal: this.signal,
      scope: this.#scope,
      log: this.log,
      status: {
        pending: (reason) => this.#standing.pending(reason),
        degraded: (error) => this.#degraded(error),
        ok: () => this.#recovered(),
      },
      onReconfigure: (apply, keys) => void (this.#inPlace = { apply, keys }),
      skip: (reason) => this.#skips.give(reason),
    };
  }

  #degraded(error: Error): void {
    const known = toHawserError(error);
    // What is of no catalogue is still the plugin's word on this machine, and no defect.
    const ours = internalErrors.unexpected.is(known) ? pluginErrors.degraded(known.message, { cause: error }) : known;
    if (this.#standing.degrade(OWN_WORD, ours)) this.log.warn({ err: error }, 'degraded');
    this.#standing.ready();
  }

  #recovered(): void {
    this.#standing.recover(OWN_WORD);
    this.#standing.ready();
  }

  /** Start has returned, but the plugin is not to run: the outcome is told, and what it took goes. */
  async #endEarly(tell: () => void, why: string): Promise<void> {
    this.interrupt(why);
    tell();
    // A stop that came first closes the scope itself, and has had the last word on the outcome.
    this.#end ??= this.#scope.close(this.#stopDeadlineMs);
    await this.#end;
  }

  /** Start is late: the outcome is told now; what it took is released when it returns, or after the stop deadline. */
  #giveUp(error: HawserError): void {
    this.#abort.abort(error);
    this.#standing.failed(error);
    const call = this.#call ?? Promise.resolve();
    void this.#discardLate(call);
    this.#end ??= this.#closeAfter(call);
  }

  async #closeAfter(call: Promise<unknown>): Promise<readonly HawserError[]> {
    await settlesWithin(this.clock, this.#stopDeadlineMs, call);
    return await this.#scope.close(this.#stopDeadlineMs);
  }

  async #discardLate(call: Promise<unknown>): Promise<void> {
    try {
      this.#discard(await call);
    } catch (thrown) {
      this.log.debug({ err: thrown }, 'a late start has failed');
    }
  }

  /** A value that came too late belongs to nobody. */
  #discard(value: unknown): void {
    if (!isDisposable(value)) return;
    this.log.info('a start has returned after it was given up; its value is released');
    dispose(value).catch((thrown: unknown) => this.log.warn({ err: thrown }, 'a late value could not be released'));
  }

  #lateError(): HawserError {
    return pluginErrors.startDeadline(`plugin '${this.uri}' did not start within ${this.#startDeadlineMs} ms`);
  }

  #startError(thrown: unknown): HawserError {
    if (thrown instanceof HawserError) return thrown;
    return pluginErrors.startFailed(`plugin '${this.uri}' failed in start: ${messageOf(thrown)}`, { cause: thrown });
  }
}
