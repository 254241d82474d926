import { join } from 'node:path';
import type { Logger } from 'pino';
import type { AgentView, ApiServer } from '../api/index.ts';
import type { AgentConfig } from '../config/index.ts';
import type { Context } from '../context/index.ts';
import type { Kernel, PluginReport, StopReport, Token } from '../plugin/index.ts';
import { boot, uriOf } from '../plugin/index.ts';
import { coreVersion } from '../version.ts';
import { corePlugins } from './core-plugins.ts';
import { prepareFolders } from './folders.ts';
import { withPaths } from './paths.ts';

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
}

/** An agent that serves. */
export interface Agent {
  readonly socket: string;
  readonly bootMs: number;
  reports(): readonly PluginReport[];
  /** A running plugin's service, for who assembles an agent. */
  get<T>(token: Token<T>): T | undefined;
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
  const phases = new Phases();
  const socket = join(folders.state, 'hawser.sock');
  // The HTTP server is the heaviest module of all; only who starts an agent pays for it.
  const { serveApi } = await import('../api/server.ts');
  const api = await serveApi({ agent: phases.view(options), path: socket, log: log.child({ area: 'api' }), random: context.random });
  try {
    const kernel = await boot({
      plugins: withPaths(config.allPlugins, folders),
      config: withCoreRequired(config),
      context,
      log,
      onChange: (report) => phases.report(report),
      ...(options.signal === undefined ? {} : { signal: options.signal }),
    });
    phases.ready(kernel);
    return running(kernel, api, phases);
  } catch (error) {
    await api[Symbol.asyncDispose]();
    throw error;
  }
}

/** Without its store and what stands on it an agent can only refuse; then it had better not seem to run. */
function withCoreRequired({ plugins, allPlugins }: AgentConfig): AgentConfig['plugins'] {
  const present = new Set(allPlugins.map(uriOf));
  const core = corePlugins.map(uriOf).filter((uri) => present.has(uri) && !plugins.disabled.has(uri));
  return { ...plugins, required: new Set([...plugins.required, ...core]) };
}

function running(kernel: Kernel, api: ApiServer, phases: Phases): Agent {
  let stopped: Promise<StopReport> | undefined;
  const stop = async (reason: string): Promise<StopReport> => {
    phases.stopping();
    const closed = api[Symbol.asyncDispose]();
    const report = await kernel.stop(reason);
    await closed;
    return report;
  };
  return {
    socket: api.path,
    bootMs: kernel.bootMs,
    reports: () => kernel.reports(),
    get: (token) => kernel.get(token),
    stop: (reason) => (stopped ??= stop(reason)),
  };
}

/** What the API knows of an agent that starts, serves and stops. */
class Phases {
  #phase: 'starting' | 'ready' | 'stopping' = 'starting';
  #kernel: Kernel | undefined;
  readonly #starting = new Map<string, PluginReport>();

  report(report: PluginReport): void {
    this.#starting.set(report.uri, report);
  }

  ready(kernel: Kernel): void {
    this.#kernel = kernel;
    this.#phase = 'ready';
  }

  stopping(): void {
    this.#phase = 'stopping';
  }

  view({ name, version, context }: AgentOptions): AgentView {
    return {
      name,
      version,
      coreVersion,
      clock: context.clock,
      phase: () => this.#phase,
      reports: () => this.#kernel?.reports() ?? [...this.#starting.values()],
      get: (token) => this.#kernel?.get(token),
    };
  }
}
