import { untilAborted } from '../context/index.ts';
import { type HawserError, messageOf } from '../errors/index.ts';
import { pluginErrors } from './errors.ts';
import { keepAlive } from './keep-alive.ts';
import type { BootOptions, Kernel, ReloadReport, StopReport } from './kernel.ts';
import { logOutcome, logStability } from './log-outcome.ts';
import { PluginSet } from './plugin-set.ts';
import { Reload } from './reload.ts';
import { planReload, type ReloadPlan } from './reload-plan.ts';
import type { PluginReport } from './status.ts';
import { type PluginChoice, type Target, targetOf } from './target.ts';
import { tellWhile } from './tell-while.ts';
import type { Token } from './token.ts';

/** One boot, and the kernel that it becomes. */
export class LiveKernel implements Kernel {
  readonly #options: BootOptions;
  readonly #set: PluginSet;
  readonly #listeners = new Set<(report: PluginReport) => void>();
  readonly #broken = new AbortController();
  readonly #stopping = new AbortController();
  #target: Target;
  #isBooting = true;
  #bootMs = 0;
  #reloads: Promise<unknown> = Promise.resolve();
  #stop: Promise<StopReport> | undefined;

  constructor(options: BootOptions, target: Target) {
    this.#options = options;
    this.#target = target;
    if (options.onChange !== undefined) this.#listeners.add(options.onChange);
    const { context, log } = options;
    this.#set = new PluginSet({ context, log, onChange: (report) => this.#changed(report) });
    this.#set.arrange({ ...target, keep: () => false });
  }

  get bootMs(): number {
    return this.#bootMs;
  }

  reports(): readonly PluginReport[] {
    return this.#set.runs().map((run) => run.report());
  }

  get<T>(token: Token<T>, pluginId?: string): T | undefined {
    // The registry is untyped by nature; definePlugin has held the value to the token's contract.
    return this.#set.find(token.id, pluginId) as T | undefined;
  }

  onChange(listener: (report: PluginReport) => void): Disposable {
    this.#listeners.add(listener);
    return { [Symbol.dispose]: () => void this.#listeners.delete(listener) };
  }

  /** Starts all plugins; resolves when every outcome is known. */
  async start(): Promise<void> {
    const { clock } = this.#options.context;
    const begun = clock.monotonic();
    using _alive = keepAlive();
    using _watch = tellWhile(clock, () => this.#tellStarting());
    using _cancel = this.#onCancel();
    logStability(this.#options.log, this.reports());
    const all = new Set(this.#set.runs().map(({ uri }) => uri));
    await Promise.race([this.#set.start(all, this.#broken.signal), aborted(this.#broken.signal)]);
    this.#isBooting = false;
    if (this.#broken.signal.aborted) {
      await this.stop(messageOf(this.#broken.signal.reason));
      this.#broken.signal.throwIfAborted();
    }
    this.#bootMs = Math.round((clock.monotonic() - begun) * 10) / 10;
  }

  async whenReady(signal: AbortSignal): Promise<void> {
    const pending = (): readonly PluginReport[] => this.reports().filter(({ status }) => status === 'pending');
    const ready = Promise.withResolvers<void>();
    const look = (): void => {
      if (pending().length === 0) ready.resolve();
    };
    using _listener = this.onChange(look);
    using _watch = tellWhile(this.#options.context.clock, () => {
      const names = pending().map(({ uri, reason }) => `${uri} (${reason ?? ''})`);
      this.#options.log.warn({ pending: pending().map(({ uri }) => uri) }, `not ready yet: ${names.join(', ')}`);
    });
    look();
    await untilAborted(ready.promise, signal);
  }

  planReload(next: PluginChoice): ReloadPlan {
    return planReload(this.#set.runs(), targetOf(next));
  }

  reload(next: PluginChoice): Promise<ReloadReport> {
    const turn = this.#reloads.then(() => this.#reload(next));
    this.#reloads = turn.catch(() => undefined);
    return turn;
  }

  endReloads(reason: string): void {
    this.#stopping.abort(pluginErrors.stopping(reason));
  }

  setLogLevel(uri: string, level: string | undefined): boolean {
    const run = this.#set.run(uri);
    if (run !== undefined) this.#set.setLogLevel(run, level);
    return run !== undefined;
  }

  stop(reason: string): Promise<StopReport> {
    this.#stop ??= this.#stopAll(reason);
    return this.#stop;
  }

  async #reload(next: PluginChoice): Promise<ReloadReport> {
    const { clock } = this.#options.context;
    const begun = clock.monotonic();
    const to = targetOf(next);
    using _alive = keepAlive();
    using _watch = tellWhile(clock, () => this.#tellStarting());
    const done = await new Reload({ set: this.#set, from: this.#target, to, signal: this.#stopping.signal }).run();
    this.#target = to;
    return { ...done, durationMs: Math.round(clock.monotonic() - begun) };
  }

  async #stopAll(reason: string): Promise<StopReport> {
    const { context, log } = this.#options;
    const begun = context.clock.monotonic();
    this.endReloads(reason);
    using _alive = keepAlive();
    const reversed = this.#set.runs().toReversed();
    using _watch = tellWhile(context.clock, () => {
      const names = reversed.flatMap(({ uri, status }) => (status === 'stopping' ? [uri] : []));
      log.warn({ stopping: names }, `still stopping: ${names.join(', ')}`);
    });
    for (const run of reversed) if (run.status === 'starting') run.interrupt(reason);
    const errors: { uri: string; error: HawserError }[] = [];
    for (const run of reversed) {
      for (const error of await run.stop(reason)) errors.push({ uri: run.uri, error });
    }
    this.#set.clear();
    return { errors, durationMs: Math.round(context.clock.monotonic() - begun) };
  }

  #changed(report: PluginReport): void {
    logOutcome(this.#options.log, report, this.#set.run(report.uri)?.error);
    const isOut = report.status === 'failed' || report.status === 'skipped';
    if (isOut && this.#isBooting && this.#stop === undefined && this.#target.config.required.has(report.uri))
      this.#broken.abort(this.#requiredFailed(report));
    for (const listener of this.#listeners) {
      try {
        listener(report);
      } catch (thrown) {
        this.#options.log.error({ err: thrown, plugin: report.uri }, 'a listener for changes of status has thrown');
      }
    }
  }

  #requiredFailed({ uri }: PluginReport): HawserError {
    const run = this.#set.run(uri);
    const cause = run?.error === undefined ? {} : { cause: run.error, remedy: run.error.remedy };
    return pluginErrors.requiredFailed(`plugin '${uri}' is in \`required\`, but ${run?.why() ?? 'is not in this agent'}`, {
      ...cause,
      details: { uri },
    });
  }

  #onCancel(): Disposable {
    const { signal } = this.#options;
    const cancel = (): void =>
      this.#broken.abort(pluginErrors.bootCancelled(`the boot was cancelled: ${messageOf(signal?.reason)}`, { cause: signal?.reason }));
    if (signal?.aborted) cancel();
    else signal?.addEventListener('abort', cancel, { once: true });
    return { [Symbol.dispose]: () => signal?.removeEventListener('abort', cancel) };
  }

  /** Says what a slow boot or reload waits for. */
  #tellStarting(): void {
    const waiting = this.reports().filter(({ status }) => status === 'starting' || status === 'stopping');
    const names = waiting.map(({ uri, status, startMs }) => {
      if (status === 'stopping') return `${uri} (stopping)`;
      return startMs > 0 ? `${uri} (${startMs} ms)` : `${uri} (waits for what it requires)`;
    });
    this.#options.log.warn({ starting: waiting.map(({ uri }) => uri) }, `still starting: ${names.join(', ')}`);
  }
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}
