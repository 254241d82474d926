import { join } from 'node:path';
import type { Logger } from 'pino';
import { type AgentView, apiErrors, type ApiServer, type ConfigReload } from '../api/index.ts';
import type { AgentConfig } from '../config/index.ts';
import type { Context } from '../context/index.ts';
import { Gc } from '../gc/gc.ts';
import type { Kernel, PluginReport, StopReport, Token } from '../plugin/index.ts';
import { boot } from '../plugin/index.ts';
import type { AgentState } from '../telemetry/agent-state.ts';
import { coreVersion } from '../version.ts';
import { compileSooner } from './compile-sooner.ts';
import { ConfigReloader, type ConfigSource } from './config-reloader.ts';
import { withCoreRequired } from './core-required.ts';
import { prepareFolders } from './folders.ts';
import { withPaths } from './paths.ts';
import { publishChanges } from './topics.ts';
import { withSelf } from './self.ts';

/** What an agent is started with. */
export interface AgentOptions {
  /** What `hawser version` says. */
  readonly name: string;
  readonly version: string;
  /** Checked, with its plugins. */
  readonly config: AgentConfig;
  readonly context: Context;
  readonly log: Logger;
  /** Aborting it while the agent starts stops what has started. */
  readonly signal?: AbortSignal;
  /** Where the config can be read anew; without it the agent can't be reloaded. */
  readonly source?: ConfigSource;
}

/** An agent that serves. */
export interface Agent {
  readonly socket: string;
  readonly bootMs: number;
  reports(): readonly PluginReport[];
  /** A running plugin's service, for who assembles an agent. */
  get<T>(token: Token<T>): T | undefined;
  /** Resolves when no plugin is pending any more; rejects with the signal's reason. */
  whenReady(signal: AbortSignal): Promise<void>;
  /** Reads the config again and puts it in force; several at once queue. Rejects where the former one stays in force. */
  reload(options: { readonly dryRun: boolean }): Promise<ConfigReload>;
  /** Refuses new calls, ends the old ones, stops the plugins in reverse order. Never rejects; calling it twice is one stop. */
  stop(reason: string): Promise<StopReport>;
}

/**
 * Starts an agent: folders, API socket, plugins. The socket comes first, because it is what keeps a second agent off
 * the same folders; until the plugins are up it answers that the agent starts.
 */
export async function startAgent(options: AgentOptions): Promise<Agent> {
  const { config, context, log } = options;
  const folders = await prepareFolders(config);
  const phases = new Phases(log);
  const socket = join(folders.state, 'hawser.sock');
  // The HTTP server is the heaviest module of all; only who starts an agent pays for it.
  const { serveApi } = await import('../api/server.ts');
  const { uids, gids, reader_uids: readerUids } = config.api;
  const access = { uids, gids, readerUids };
  const api = await serveApi({
    agent: phases.view(options),
    path: socket,
    log: log.child({ area: 'api' }),
    random: context.random,
    access,
  });
  try {
    const setOf = (config: AgentConfig) => ({
      plugins: withSelf(withPaths(config.allPlugins, folders), phases.view(options)),
      config: withCoreRequired(config),
    });
    const kernel = await boot({
      ...setOf(config),
      context,
      log,
      onChange: (report) => phases.report(report),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    const reloader = new ConfigReloader({ kernel, config, setOf, log, source: options.source });
    phases.booted(kernel, reloader);
    compileSooner();
    return running({ kernel, api, phases, log, changes: publishChanges(kernel, log) });
  } catch (error) {
    await api[Symbol.asyncDispose]();
    throw error;
  }
}

interface Running {
  readonly kernel: Kernel;
  readonly api: ApiServer;
  readonly phases: Phases;
  readonly log: Logger;
  readonly changes: Disposable;
}

function running({ kernel, api, phases, log, changes }: Running): Agent {
  let stopped: Promise<StopReport> | undefined;
  const tried = async (part: PromiseLike<unknown> | undefined): Promise<void> => {
    try {
      await part;
    } catch (error) {
      log.error({ err: error }, 'a part of the stop failed');
    }
  };
  const stop = async (reason: string): Promise<StopReport> => {
    phases.stopping();
    changes[Symbol.dispose]();
    kernel.endReloads(reason);
    const closed = tried(api[Symbol.asyncDispose]());
    // What can be cleaned up now need not wait for the next start; whoever has no patience sends a second signal.
    await tried(kernel.get(Gc)?.drain(new AbortController().signal));
    const report = await kernel.stop(reason);
    await closed;
    return report;
  };
  return {
    socket: api.path,
    bootMs: kernel.bootMs,
    reports: () => kernel.reports(),
    get: (token) => kernel.get(token),
    whenReady: (signal) => kernel.whenReady(signal),
    reload: (options) => phases.reload(options),
    stop: (reason) => (stopped ??= stop(reason)),
  };
}

/** What the API knows of an agent that starts, serves and stops. */
class Phases {
  readonly #log: Logger;
  #isStopping = false;
  #kernel: Kernel | undefined;
  #reloader: ConfigReloader | undefined;
  readonly #starting = new Map<string, PluginReport>();
  readonly #listeners = new Set<() => void>();

  constructor(log: Logger) {
    this.#log = log;
  }

  /** A plugin's status has changed. */
  report(report: PluginReport): void {
    this.#starting.set(report.uri, report);
    this.#changed();
  }

  booted(kernel: Kernel, reloader: ConfigReloader): void {
    this.#kernel = kernel;
    this.#reloader = reloader;
    this.#changed();
  }

  stopping(): void {
    this.#isStopping = true;
    this.#changed();
  }

  #changed(): void {
    for (const listener of this.#listeners) {
      try {
        listener();
      } catch (error) {
        this.#log.error({ err: error }, "a listener for changes of the agent's state has thrown");
      }
    }
  }

  #listen(listener: () => void): Disposable {
    const own = (): void => listener();
    this.#listeners.add(own);
    return { [Symbol.dispose]: () => void this.#listeners.delete(own) };
  }

  async reload(options: { readonly dryRun: boolean }): Promise<ConfigReload> {
    if (this.#isStopping) throw apiErrors.stopping('the agent is stopping');
    if (this.#reloader === undefined) throw apiErrors.starting('the agent is still starting');
    return await this.#reloader.reload(options);
  }

  #phase(): ReturnType<AgentView['phase']> {
    if (this.#isStopping) return 'stopping';
    const isReady = this.#kernel?.reports().every(({ status }) => status !== 'pending') === true;
    return isReady ? 'ready' : 'starting';
  }

  view({ name, version, context }: AgentOptions): AgentView & AgentState {
    return {
      name,
      version,
      coreVersion,
      clock: context.clock,
      phase: () => this.#phase(),
      reports: () => this.#kernel?.reports() ?? [...this.#starting.values()],
      onChange: (listener) => this.#listen(listener),
      get: (token) => this.#kernel?.get(token),
      reload: (options) => this.reload(options),
      setLogLevel: (uri, level) => this.#kernel?.setLogLevel(uri, level) ?? false,
    };
  }
}
