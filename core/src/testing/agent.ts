import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import { stringify } from 'smol-toml';
import type { ConfigReload } from '../api/index.ts';
import { corePlugins } from '../agent/core-plugins.ts';
import { requestFields } from '../agent/logging.ts';
import { type Agent, startAgent } from '../agent/start-agent.ts';
import type { Client } from '../api/client.ts';
import { openClient } from '../api/open-client.ts';
import { loadConfig, type ProxyFactory } from '../config/index.ts';
import { type Context, systemContext } from '../context/index.ts';
import type { JsonObject } from '../json.ts';
import type { AnyPlugin } from '../plugin/definition.ts';
import { settlesWithin } from '../plugin/settles-within.ts';
import type { Token } from '../plugin/token.ts';
import type { HeldClock } from './held-clock.ts';

/** Settings of plugins by their URI, as a user writes them. */
export type TestSettings = Readonly<Record<string, JsonObject>>;

/** What of a test's agent differs from the defaults. */
export interface TestAgentOptions {
  /**
   * The system's unless told. `testContext({ seed })` seeds its randomness and holds its clock: time passes inside `settle` alone
   * then, and where a start, a reload or a stop has not ended after 5 s of real time.
   */
  readonly context?: Context;
  /** Told by `logged` unless given. */
  readonly log?: Logger;
  /** Core keys of the config, e.g. `{ required: ['hawser.ipam.v1.range'] }`. */
  readonly core?: JsonObject;
  /** Who makes plugins of `core.proxy_plugins`: `proxies` of @hawser/plugin-proxy. Without it such tables are faults. */
  readonly proxies?: ProxyFactory;
}

/** A whole agent in the test's own process, with folders of its own. */
export interface TestAgent extends AsyncDisposable {
  /** The one that runs now. */
  readonly agent: Agent;
  /** Talks to its socket, as the command does. */
  readonly client: Client;
  /** Holds `config.toml`, `root` and `state`. */
  readonly folder: string;
  /** Its log from `debug` on, a line each, as long as no log of the test's own was given. */
  readonly logged: readonly string[];
  /** A running plugin's service; throws where none runs. */
  get<T>(token: Token<T>): T;
  /** Lets held time pass until the promise settles; waits for it where the clock is the system's. */
  settle<T>(promise: Promise<T>): Promise<T>;
  /** Writes other settings into the config and reloads it, as an operator does. Rejects where the former ones stay in force. */
  reload(settings: TestSettings): Promise<ConfigReload>;
  /** Ends the agent and starts the next one on the same folders: what was durable is there again. */
  restart(): Promise<void>;
}

/**
 * Starts an agent of the core's plugins and these, with their settings by URI, and waits until it is ready. Fails as an
 * agent does where a plugin is missing, a setting is wrong or a required plugin does not start. Disposing it stops the agent
 * and removes its folders; what a plugin could not release is thrown then.
 */
export async function startTestAgent(
  plugins: readonly AnyPlugin[],
  settings: TestSettings = {},
  options: TestAgentOptions = {},
): Promise<TestAgent> {
  await using starting = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'hawser-agent-'));
  // A store whose opening was given up may still be making its files.
  starting.defer(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const site = new Site(folder, plugins, settings, options);
  starting.defer(() => site.stop());
  await site.start();
  const running = starting.move();
  return {
    folder,
    logged: site.logged,
    get agent() {
      return site.agent;
    },
    get client() {
      return site.client;
    },
    get: (token) => serviceOf(site.agent, token),
    settle: (promise) => site.settle(promise),
    reload: (next) => site.reload(next),
    async restart() {
      await site.stop();
      await site.start();
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

/** Of real time. */
const PATIENCE_MS = 5_000;

/** The folders and the config that one agent after the other runs on. */
class Site {
  readonly logged: string[] = [];
  readonly #folder: string;
  readonly #plugins: readonly AnyPlugin[];
  readonly #core: JsonObject;
  readonly #proxies: ProxyFactory | undefined;
  readonly #context: Context;
  readonly #log: Logger;
  #settings: TestSettings;
  #running: { readonly agent: Agent; readonly client: Client } | undefined;

  constructor(
    folder: string,
    plugins: readonly AnyPlugin[],
    settings: TestSettings,
    { context, log, core = {}, proxies }: TestAgentOptions,
  ) {
    this.#proxies = proxies;
    this.#folder = folder;
    this.#plugins = [...corePlugins, ...plugins];
    this.#core = core;
    this.#settings = settings;
    this.#context = context ?? systemContext;
    this.#log = log ?? pino({ level: 'debug', mixin: requestFields }, { write: (line: string) => void this.logged.push(line) });
  }

  get agent(): Agent {
    return this.#now.agent;
  }

  get client(): Client {
    return this.#now.client;
  }

  get #now(): { readonly agent: Agent; readonly client: Client } {
    if (this.#running === undefined) throw new Error('the agent does not run');
    return this.#running;
  }

  settle<T>(promise: Promise<T>): Promise<T> {
    const { clock } = this.#context;
    return isHeld(clock) ? clock.runUntil(promise) : promise;
  }

  /** Files are real: time that went on at once would run out before they are open. */
  async #patiently<T>(promise: Promise<T>): Promise<T> {
    if (isHeld(this.#context.clock)) await settlesWithin(systemContext.clock, PATIENCE_MS, promise);
    return this.settle(promise);
  }

  async start(): Promise<void> {
    const config = await this.#read();
    const source = { read: () => this.#read() };
    const agent = await this.#patiently(
      startAgent({ name: 'test', version: '0.0.0', config, context: this.#context, log: this.#log, source }),
    );
    this.#running = { agent, client: openClient({ socket: agent.socket, clock: this.#context.clock }) };
    await this.#patiently(agent.whenReady(new AbortController().signal));
  }

  async stop(): Promise<void> {
    const agent = this.#running?.agent;
    this.#running = undefined;
    if (agent === undefined) return;
    const { errors } = await this.#patiently(agent.stop('the test asks for it'));
    if (errors.length > 0)
      throw new AggregateError(
        errors.map(({ error }) => error),
        `the agent did not stop cleanly: ${errors.map(({ error }) => error.message).join('; ')}`,
      );
  }

  async reload(settings: TestSettings): Promise<ConfigReload> {
    const former = this.#settings;
    this.#settings = settings;
    try {
      return await this.#patiently(this.agent.reload({ dryRun: false }));
    } catch (error) {
      this.#settings = former;
      throw error;
    }
  }

  async #read() {
    const file = join(this.#folder, 'config.toml');
    const folders = { root: join(this.#folder, 'root'), state: join(this.#folder, 'state') };
    await writeFile(file, stringify({ version: 1, ...folders, ...this.#core, plugins: this.#settings }));
    const proxies = this.#proxies;
    const made = proxies === undefined ? {} : { proxies: async () => proxies };
    return loadConfig({ file, plugins: this.#plugins, missingOk: false, environment: {}, ...made });
  }
}

const isHeld = (clock: Context['clock'] | HeldClock): clock is HeldClock => 'runUntil' in clock;

function serviceOf<T>(agent: Agent, token: Token<T>): T {
  const service = agent.get(token);
  if (service !== undefined) return service;
  const standing = agent.reports().filter(({ type }) => type === token.id);
  const why = standing.map(({ uri, status, reason, error }) => `${uri} is ${status}: ${error?.message ?? reason ?? ''}`);
  throw new Error(`no plugin provides ${token.id}${why.length === 0 ? '' : ` (${why.join('; ')})`}`);
}
