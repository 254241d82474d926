import type { Logger } from 'pino';
import type { ConfigReload } from '../api/reload.ts';
import { type AgentConfig, diffConfigs } from '../config/index.ts';
import { toHawserError } from '../errors/index.ts';
import type { Kernel, PluginChoice } from '../plugin/index.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { agentErrors } from './errors.ts';
import { configRejected, configReloaded, publish } from './topics.ts';

/** Where an agent's config comes from, and who hears of a reload. */
export interface ConfigSource {
  /** Reads and checks it anew. */
  read(): Promise<AgentConfig>;
  /** A reload that is no dry run begins. */
  begun?(): void;
  /** It has ended, well or not. */
  ended?(outcome: 'reloaded' | 'rejected'): void;
}

export interface ConfigReloaderOptions {
  readonly kernel: Kernel;
  /** The one in force. */
  readonly config: AgentConfig;
  readonly source: ConfigSource | undefined;
  /** What the kernel is to run for a config. */
  readonly setOf: (config: AgentConfig) => PluginChoice;
  readonly log: Logger;
}

/** Core keys that a running agent takes; all others are looked at once, at its start. */
const LIVE = new Set(['required', 'disabled', 'packages', 'unset', 'proxy_plugins']);

const RELOADS = { name: 'hawser_config_reloads_total', help: 'Reloads of the config that were no dry run.', labels: ['outcome'] };

/**
 * Reloads of one agent's config, one after the other: each reads the files when its turn has come. A config that is refused, or
 * fails while it is put in force, leaves the former one standing, and says so in the log and as `/config/rejected`.
 */
export class ConfigReloader {
  readonly #options: ConfigReloaderOptions;
  #config: AgentConfig;
  #turns: Promise<unknown> = Promise.resolve();

  constructor(options: ConfigReloaderOptions) {
    this.#options = options;
    this.#config = options.config;
  }

  reload(options: { readonly dryRun: boolean }): Promise<ConfigReload> {
    const { source } = this.#options;
    if (source === undefined) return Promise.reject(agentErrors.noConfigSource('this agent was started with a config that stands nowhere'));
    const turn = this.#turns.then(() => (options.dryRun ? this.#preview(source) : this.#inForce(source)));
    this.#turns = turn.catch(() => undefined);
    return turn;
  }

  async #preview(source: ConfigSource): Promise<ConfigReload> {
    const next = await source.read();
    const changed = changedKeys(this.#config, next);
    refuseFixed(changed);
    const { steps } = this.#options.kernel.planReload(this.#options.setOf(next));
    return { dryRun: true, files: next.files, changed, steps };
  }

  async #inForce(source: ConfigSource): Promise<ConfigReload> {
    source.begun?.();
    try {
      const done = await this.#apply(await source.read());
      this.#ended(source, 'reloaded');
      return done;
    } catch (thrown) {
      const error = toHawserError(thrown);
      const { code, message, remedy } = error;
      this.#options.log.error({ code, remedy, err: error }, `the config was not reloaded: ${message}`);
      await publish(this.#options.kernel, configRejected.event({ code, message, remedy }), this.#options.log);
      this.#ended(source, 'rejected');
      throw error;
    }
  }

  #ended(source: ConfigSource, outcome: 'reloaded' | 'rejected'): void {
    this.#options.kernel.get(Metrics)?.counter(RELOADS).add(1, { outcome });
    source.ended?.(outcome);
  }

  async #apply(next: AgentConfig): Promise<ConfigReload> {
    const { kernel, setOf, log } = this.#options;
    const changed = changedKeys(this.#config, next);
    refuseFixed(changed);
    const { steps, errors, durationMs } = await kernel.reload(setOf(next));
    this.#config = next;
    for (const { uri, error } of errors) log.error({ plugin: uri, err: error, code: error.code }, 'stopping failed');
    const told = steps.map(({ uri, action, reason }) => ({ uri, action, reason }));
    log.info({ files: next.files, changed, steps: told, durationMs }, `the config was reloaded: ${counted(steps.length)}`);
    await publish(kernel, configReloaded.event({ files: [...next.files], changed: [...changed], steps: told, durationMs }), log);
    return { dryRun: false, files: next.files, changed, steps, durationMs };
  }
}

function changedKeys(before: AgentConfig, after: AgentConfig): readonly string[] {
  const { core, plugins } = diffConfigs(before, after);
  return [
    ...core.map(({ key }) => key),
    ...plugins.flatMap(({ uri, keys }) => {
      const table = `plugins."${uri}"`;
      return keys.length === 0 ? [table] : keys.map(({ key }) => `${table}.${key}`);
    }),
  ];
}

/** Nothing of a config is put in force where not all of it can be. */
function refuseFixed(changed: readonly string[]): void {
  const fixed = changed.filter((key) => !key.startsWith('plugins.') && !LIVE.has(key.split('.', 1)[0] ?? key));
  if (fixed.length === 0) return;
  const keys = fixed.map((key) => `\`${key}\``).join(', ');
  throw agentErrors.restartNeeded(`${keys} can't be changed while the agent runs`, { details: { keys: fixed } });
}

const counted = (steps: number): string =>
  steps === 0 ? 'nothing that runs is concerned' : `${steps} ${steps === 1 ? 'plugin is' : 'plugins are'} concerned`;
