import { HawserError } from '../errors/index.ts';
import { pluginErrors } from './errors.ts';
import type { BootOptions } from './kernel.ts';
import { serves } from './lifecycle.ts';
import type { BootPlan } from './plan.ts';
import type { PlannedPlugin } from './planned-plugin.ts';
import { PluginRun, type Received } from './plugin-run.ts';
import { liveProviders } from './providers.ts';
import { ValueRegistry } from './registry.ts';
import { Relays } from './relays.ts';
import type { PluginReport } from './status.ts';
import { requirementsOf } from './uri.ts';

export interface PluginSetOptions extends Pick<BootOptions, 'context' | 'log'> {
  readonly onChange: (report: PluginReport) => void;
}

/** What one plugin of the set is to become. */
export interface Arrangement {
  readonly plan: BootPlan;
  /** URI → what start gets as its config. */
  readonly settings: ReadonlyMap<string, unknown>;
  /** Of those that ran until now, the ones that go on as they are. */
  readonly keep: (uri: string) => boolean;
}

/** The plugins of one kernel: one run of each, in start order, and the values of those that serve. */
export class PluginSet {
  readonly #options: PluginSetOptions;
  readonly #values = new ValueRegistry();
  readonly #relays: Relays;
  readonly #levels = new Map<string, string>();
  #runs: ReadonlyMap<string, PluginRun> = new Map();
  #ofType: ReadonlyMap<string, readonly PluginRun[]> = new Map();

  constructor(options: PluginSetOptions) {
    this.#options = options;
    this.#relays = new Relays(options.log);
  }

  /** All of them in start order. */
  runs(): readonly PluginRun[] {
    return [...this.#runs.values()];
  }

  run(uri: string): PluginRun | undefined {
    return this.#runs.get(uri);
  }

  /** The value of the first that serves, of a type and, where one is told, of an id. */
  find(type: string, pluginId: string | undefined): unknown {
    const run = (this.#ofType.get(type) ?? []).find(
      ({ plugin, status }) => (pluginId === undefined || plugin.id === pluginId) && serves(status),
    );
    return run && this.#values.get(run.uri);
  }

  /** Makes the set that a plan describes. Those that aren't kept are new and have yet to be started; who leaves has stopped before. */
  arrange({ plan, settings, keep }: Arrangement): void {
    const before = this.#runs;
    const runs = plan.order.map((planned) => {
      const present = before.get(planned.uri);
      return present !== undefined && keep(planned.uri) ? present : this.#create(planned, settings.get(planned.uri));
    });
    this.#runs = new Map(runs.map((run) => [run.uri, run]));
    this.#ofType = Map.groupBy(runs, ({ plugin }) => plugin.provides.id);
    for (const run of runs) {
      const former = before.get(run.uri);
      if (run.status === 'disabled' && former !== undefined && former.status !== 'disabled') this.#options.onChange(run.report());
    }
  }

  /**
   * Starts plugins that have been arranged, each as soon as what it requires is known to be there or not; resolves when every
   * outcome is known. Nothing new begins once `signal` has aborted.
   */
  async start(uris: ReadonlySet<string>, signal: AbortSignal): Promise<void> {
    const settled = new Map<string, Promise<void>>();
    for (const run of this.#runs.values()) if (uris.has(run.uri)) settled.set(run.uri, this.#startInTurn(run, settled, signal));
    await Promise.all(settled.values());
  }

  /** Stops one and takes its value back; its dependents have stopped before. */
  async stop(run: PluginRun, reason: string): Promise<readonly HawserError[]> {
    this.#relays.leave(run.plugin.provides.id, this.#values.get(run.uri));
    const errors = await run.stop(reason);
    if (this.#runs.get(run.uri) === run) this.#values.remove(run.uri);
    return errors;
  }

  clear(): void {
    this.#values.clear();
  }

  /** Sets the level of one plugin's log, also for its next start; undefined: the agent's. */
  setLogLevel(run: PluginRun, level: string | undefined): void {
    if (level === undefined) this.#levels.delete(run.uri);
    else this.#levels.set(run.uri, level);
    run.log.level = level ?? this.#options.log.level;
  }

  #create(planned: PlannedPlugin, settings: unknown): PluginRun {
    const { context, log, onChange } = this.#options;
    const level = this.#levels.get(planned.uri);
    const child = log.child({ plugin: planned.uri }, level === undefined ? {} : { level });
    return new PluginRun({ planned, settings, context, log: child, onChange, logLevel: (uri) => this.#levels.get(uri) });
  }

  async #startInTurn(run: PluginRun, settled: ReadonlyMap<string, Promise<void>>, signal: AbortSignal): Promise<void> {
    const { planned } = run;
    if (planned.disabled !== undefined) return;
    await Promise.all([...planned.providers.values()].flat().map(async (provider) => settled.get(provider)));
    if (run.status !== 'starting' || signal.aborted) return;
    const obstacle = this.#obstacle(planned);
    if (obstacle === undefined) await run.start(this.#received(planned), (value) => this.#accept(run, value));
    else if (obstacle instanceof HawserError) run.fail(obstacle);
    else run.skip(obstacle);
  }

  #accept({ uri, plugin }: PluginRun, value: unknown): void {
    this.#values.add(uri, value);
    this.#relays.enter(plugin.provides.id, value);
  }

  /** Why a plugin can't start: an error where what it requires has failed, a reason where that merely isn't there. */
  #obstacle(planned: PlannedPlugin): HawserError | string | undefined {
    const obstacles = requirementsOf(planned.plugin).flatMap(([name, { cardinality }]) => {
      if (cardinality === 'optional' || cardinality === 'all') return [];
      return this.#providers(planned, name).filter((provider) => !serves(provider.status));
    });
    const failed = obstacles.find(({ status }) => status === 'failed');
    if (failed !== undefined) return requirementFailed(failed);
    const [missing] = obstacles;
    return missing && `requires '${missing.uri}', which ${missing.why()}`;
  }

  #received(planned: PlannedPlugin): Received {
    const valueOf = (uri: string): unknown => this.#values.get(uri);
    const values: Record<string, unknown> = {};
    const providers = new Map<string, string>();
    const relayed = new Set<string>();
    for (const [name, { id, cardinality, relay }] of requirementsOf(planned.plugin)) {
      if (relay !== undefined && this.#providers(planned, name).length > 0) {
        values[name] = this.#relays.valueOf(id, relay, this.find(id, undefined));
        relayed.add(name);
        continue;
      }
      const provider = cardinality === 'all' ? undefined : this.#providers(planned, name).find(({ status }) => serves(status));
      if (provider !== undefined) providers.set(name, provider.uri);
      values[name] = cardinality === 'all' ? liveProviders(() => this.#ofType.get(id) ?? [], valueOf) : provider && valueOf(provider.uri);
    }
    return { values, providers, relayed };
  }

  #providers(planned: PlannedPlugin, name: string): readonly PluginRun[] {
    return (planned.providers.get(name) ?? []).flatMap((uri) => this.#runs.get(uri) ?? []);
  }
}

function requirementFailed(provider: PluginRun): HawserError {
  const { error } = provider;
  return pluginErrors.requirementFailed(`requires '${provider.uri}', which ${provider.why()}`, {
    cause: error,
    ...(error === undefined ? {} : { remedy: error.remedy }),
  });
}
