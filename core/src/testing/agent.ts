import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type Logger, pino } from 'pino';
import { stringify } from 'smol-toml';
import { corePlugins } from '../agent/core-plugins.ts';
import { type Agent, startAgent } from '../agent/start-agent.ts';
import type { Client } from '../api/client.ts';
import { openClient } from '../api/open-client.ts';
import { loadConfig } from '../config/index.ts';
import { type Context, systemContext } from '../context/index.ts';
import type { JsonObject } from '../json.ts';
import type { AnyPlugin } from '../plugin/definition.ts';
import type { Token } from '../plugin/token.ts';

/** What of a test's agent differs from the defaults. */
export interface TestAgentOptions {
  /** The system's unless told: a held clock holds the agent's timers and deadlines too. */
  readonly context?: Context;
  /** Silent unless told. */
  readonly log?: Logger;
  /** Core keys of the config, e.g. `{ required: ['hawser.ipam.v1.range'] }`. */
  readonly core?: JsonObject;
}

/** A whole agent in the test's own process, with folders of its own. */
export interface TestAgent extends AsyncDisposable {
  readonly agent: Agent;
  /** Talks to its socket, as the command does. */
  readonly client: Client;
  /** Holds `config.toml`, `root` and `state`. */
  readonly folder: string;
  /** A running plugin's service; throws where none runs. */
  get<T>(token: Token<T>): T;
}

/**
 * Starts an agent of the core's plugins and these, with their settings by URI, and waits until it is ready. Fails as an
 * agent does where a plugin is missing, a setting is wrong or a required plugin does not start. Disposing it stops the agent
 * and removes its folders; what a plugin could not release is thrown then.
 */
export async function startTestAgent(
  plugins: readonly AnyPlugin[],
  settings: Readonly<Record<string, JsonObject>> = {},
  { context = systemContext, log = pino({ level: 'silent' }), core = {} }: TestAgentOptions = {},
): Promise<TestAgent> {
  await using starting = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'hawser-agent-'));
  starting.defer(() => rm(folder, { recursive: true, force: true }));
  const file = join(folder, 'config.toml');
  await writeFile(file, stringify({ version: 1, root: join(folder, 'root'), state: join(folder, 'state'), ...core, plugins: settings }));
  const config = await loadConfig({ file, plugins: [...corePlugins, ...plugins], missingOk: false, environment: {} });
  const agent = await startAgent({ name: 'test', version: '0.0.0', config, context, log });
  starting.defer(() => stopped(agent));
  await agent.whenReady(new AbortController().signal);
  const running = starting.move();
  return {
    agent,
    folder,
    client: openClient({ socket: agent.socket, clock: context.clock }),
    get: (token) => serviceOf(agent, token),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

function serviceOf<T>(agent: Agent, token: Token<T>): T {
  const service = agent.get(token);
  if (service !== undefined) return service;
  const standing = agent.reports().filter(({ type }) => type === token.id);
  const why = standing.map(({ uri, status, reason, error }) => `${uri} is ${status}: ${error?.message ?? reason ?? ''}`);
  throw new Error(`no plugin provides ${token.id}${why.length === 0 ? '' : ` (${why.join('; ')})`}`);
}

async function stopped(agent: Agent): Promise<void> {
  const { errors } = await agent.stop('the test is over');
  if (errors.length > 0) throw new AggregateError(errors.map(({ error }) => error));
}
