import { HawserError } from '../errors/index.ts';
import { pluginErrors } from './errors.ts';
import type { BootOptions, Kernel, StopReport } from './kernel.ts';
import { keepAlive } from './keep-alive.ts';
import { serves } from './lifecycle.ts';
import type { BootPlan, PlannedPlugin } from './plan.ts';
import { PluginRun } from './plugin-run.ts';
import { liveProviders } from './providers.ts';
import { ValueRegistry } from './registry.ts';
import { settingsOf } from './settings.ts';
import type { PluginReport } from './status.ts';
import type { Token } from './token.ts';
import { requirementsOf } from './uri.ts';

/** How long a boot goes on in silence; each further word comes after twice as long. */
const STILL_STARTING_MS = 2000;

/** One boot of a plan, and the kernel that it becomes. */
export class Boot implements Kernel {
  readonly #options: BootOptions;
  readonly #order: readonly PlannedPlugin[];
  readonly #runs: ReadonlyMap<string, PluginRun>;
  readonly #values = new ValueRegistry();
  readonly #listeners = new Set<(report: PluginReport) => void>();
  readonly #broken = new AbortController();
  #bootMs = 0;
  #stop: Promise<StopReport> | undefined;

  constructor(options: BootOptions, plan: BootPlan) {
    this.#options = options;
    this.#order = plan.order;
    if (options.onChange !== undefined) this.#listeners.add(options.onChange);
    this.#runs = new Map(plan.order.map((planned) => [planned.uri, this.#run(planned)]));
  }

  get bootMs(): number {
    return this.#bootMs;
  }

  reports(): readonly PluginReport[] {
    return [...this.#runs.values()].map((run) => run.report());
  }

  get<T>(token: Token<T>, pluginId?: string): T | undefined {
    for (const run of this.#runs.values()) {
      const matches = run.plugin.provides.id === token.id && (pluginId === undefined || run.plugin.id === pluginId);
      // The registry is untyped by nature; definePlugin has held the value to the token's contract.
      if (matches && serves(run.status)) return this.#values.get(run.uri) as T;
    }
    return undefined;
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
    using _watch = this.#watch(STILL_STARTING_MS);
    using _cancel = this.#onCancel();
    const settled = new Map<string, Promise<void>>();
    for (const planned of this.#order) settled.set(planned.uri, this.#startWhenReady(planned, settled));
    await Promise.race([Promise.all(settled.values()), aborted(this.#broken.signal)]);
    if (this.#broken.signal.aborted) {
      await this.stop(describe(this.#broken.signal.reason));
      this.#broken.signal.throwIfAborted();
    }
    this.#bootMs = Math.round((clock.monotonic() - begun) * 10) / 10;
  }

  stop(reason: string): Promise<StopReport> {
    this.#stop ??= this.#stopAll(reason);
    return this.#stop;
  }

  async #stopAll(reason: string): Promise<StopReport> {
    const { clock } = this.#options.context;
    const begun = clock.monotonic();
    using _alive = keepAlive();
    const reversed = [...this.#runs.values()].toReversed();
    for (const run of reversed) if (run.status === 'starting') run.interrupt(reason);
    const errors: { uri: string; error: HawserError }[] = [];
    for (const run of reversed) {
      for (const error of await run.stop(reason)) errors.push({ uri: run.uri, error });
    }
    this.#values.clear();
    return { errors, durationMs: Math.round(clock.monotonic() - begun) };
  }

  #run(planned: PlannedPlugin): PluginRun {
    const { uri, plugin } = planned;
    const log = this.#options.log.child({ plugin: uri });
    const settings = planned.disabled === undefined ? settingsOf(plugin, this.#options.config) : undefined;
    return new PluginRun({ planned, settings, context: this.#options.context, log, onChange: (report) => this.#changed(report) });
  }

  async #startWhenReady(planned: PlannedPlugin, settled: ReadonlyMap<string, Promise<void>>): Promise<void> {
    const run = this.#runOf(planned.uri);
    if (planned.disabled !== undefined) return;
    await Promise.all([...planned.providers.values()].flat().map(async (uri) => settled.get(uri)));
    if (run.status !== 'starting' || this.#broken.signal.aborted) return;
    const obstacle = this.#obstacle(planned);
    if (obstacle === undefined) await run.start(this.#requiredValues(planned), (value) => this.#values.add(planned.uri, value));
    else if (obstacle instanceof HawserError) run.fail(obstacle);
    else run.skip(obstacle);
  }

  /** Why a plugin can't start: an error where what it requires has failed, a reason where that merely isn't there. */
  #obstacle(planned: PlannedPlugin): HawserError | string | undefined {
    const obstacles = requirementsOf(planned.plugin).flatMap(([name, { cardinality }]) => {
      if (cardinality === 'optional' || cardinality === 'all') return [];
      return (planned.providers.get(name) ?? []).map((uri) => this.#runOf(uri)).filter((provider) => !serves(provider.status));
    });
    const failed = obstacles.find(({ status }) => status === 'failed');
    if (failed !== undefined) return requirementFailed(failed);
    const [missing] = obstacles;
    return missing && `requires '${missing.uri}', which ${missing.why()}`;
  }

  #requiredValues(planned: PlannedPlugin): Readonly<Record<string, unknown>> {
    const valueOf = (uri: string): unknown => this.#values.get(uri);
    return Object.fromEntries(
      requirementsOf(planned.plugin).map(([name, { cardinality }]) => {
        const runs = (planned.providers.get(name) ?? []).map((uri) => this.#runOf(uri));
        if (cardinality === 'all') return [name, liveProviders(runs, valueOf)];
        const provider = runs.find(({ status }) => serves(status));
        return [name, provider && valueOf(provider.uri)];
      }),
    );
  }

  #runOf(uri: string): PluginRun {
    const run = this.#runs.get(uri);
    if (run === undefined) throw new Error(`'${uri}' is in no plan`);
    return run;
  }

  #changed(report: PluginReport): void {
    logOutcome(this.#options.log, report);
    const outcome = report.status === 'failed' || report.status === 'skipped';
    if (outcome && this.#stop === undefined && this.#options.config.required.has(report.uri))
      this.#broken.abort(this.#requiredFailed(report));
    for (const listener of this.#listeners) {
      try {
        listener(report);
      } catch (thrown) {
        this.#options.log.error({ err: thrown, plugin: report.uri }, 'a listener for changes of status has thrown');
      }
    }
  }

  #requiredFailed(report: PluginReport): HawserError {
    const run = this.#runOf(report.uri);
    const cause = run.error === undefined ? {} : { cause: run.error, remedy: run.error.remedy };
    return pluginErrors.requiredFailed(`plugin '${report.uri}' is in \`required\`, but ${run.why()}`, {
      ...cause,
      details: { uri: report.uri },
    });
  }

  #onCancel(): Disposable {
    const { signal } = this.#options;
    const cancel = (): void =>
      this.#broken.abort(pluginErrors.bootCancelled(`the boot was cancelled: ${describe(signal?.reason)}`, { cause: signal?.reason }));
    if (signal?.aborted) cancel();
    else signal?.addEventListener('abort', cancel, { once: true });
    return { [Symbol.dispose]: () => signal?.removeEventListener('abort', cancel) };
  }

  /** Says what a slow boot waits for. */
  #watch(firstMs: number): Disposable {
    const { clock } = this.#options.context;
    let timer: Disposable | undefined;
    const arm = (ms: number): void => {
      timer = clock.timer(ms, () => {
        const waiting = this.reports().filter(({ status }) => status === 'starting');
        const names = waiting.map(({ uri, startMs }) => (startMs > 0 ? `${uri} (${startMs} ms)` : `${uri} (waits for what it requires)`));
        this.#options.log.warn({ starting: waiting.map(({ uri }) => uri) }, `still starting: ${names.join(', ')}`);
        arm(ms * 2);
      });
    };
    arm(firstMs);
    return { [Symbol.dispose]: () => timer?.[Symbol.dispose]() };
  }
}

function requirementFailed(provider: PluginRun): HawserError {
  const { error } = provider;
  return pluginErrors.requirementFailed(`requires '${provider.uri}', which ${provider.why()}`, {
    cause: error,
    ...(error === undefined ? {} : { remedy: error.remedy }),
  });
}

function logOutcome(log: BootOptions['log'], report: PluginReport): void {
  const fields = { plugin: report.uri, status: report.status, stability: report.stability, durationMs: report.startMs };
  if (report.status === 'failed') {
    log.error({ ...fields, code: report.error?.code, remedy: report.error?.remedy }, `plugin failed: ${report.error?.message ?? ''}`);
  } else if (report.status === 'skipped') log.info(fields, `plugin skipped: ${report.reason ?? ''}`);
  else log.debug(fields, `plugin is ${report.status}`);
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((resolve) => signal.addEventListener('abort', () => resolve(), { once: true }));
}

function describe(reason: unknown): string {
  return reason instanceof Error ? reason.message : String(reason);
}
