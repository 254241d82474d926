import * as z from 'zod';
import type { AnyPlugin } from '../plugin/definition.ts';
import { nearest } from '../plugin/nearest.ts';
import type { PluginConfig } from '../plugin/plugin-config.ts';
import type { PlainFault } from './faults.ts';
import { duration, size, text } from './fields.ts';
import { isPath } from './is-path.ts';
import { secret } from './secret.ts';

/** Longest path that a unix socket can have. */
const MAX_SOCKET_PATH = 107;

/** Where another process listens: `unix:///run/acme.sock`. */
function socketAddress(): z.ZodString {
  return z
    .string()
    .refine(isSocketAddress, {
      error: (issue) =>
        `expected a socket such as unix:///run/acme.sock (a path of at most ${MAX_SOCKET_PATH} bytes), not ${JSON.stringify(issue.input)}`,
    })
    .meta({ kind: 'socket', maxLength: MAX_SOCKET_PATH + 'unix://'.length });
}

function isSocketAddress(text: string): boolean {
  const path = /^unix:\/\/(\/[^?#%]+)$/.exec(text)?.[1];
  return path !== undefined && isPath(path) && Buffer.byteLength(path) <= MAX_SOCKET_PATH;
}

/** A table `[proxy_plugins.<name>]`: a plugin that another process provides. */
export const proxyTable = z.strictObject({
  type: text().describe('Contract that it provides, e.g. "hawser.mode.v1".'),
  address: socketAddress().describe('Socket at which it listens: "unix:///run/acme.sock".'),
  start_deadline: duration({ max: '1h' })
    .prefault('10s')
    .describe('How long the agent is not ready while it does not answer; it is degraded afterwards.'),
  call_deadline: duration({ min: '10ms', max: '1h' }).prefault('30s').describe('How long one call to it may take.'),
  health_interval: duration({ min: '100ms', max: '1h' }).prefault('5s').describe('How often it is asked for its health.'),
  health_deadline: duration({ min: '10ms', max: '1m' }).prefault('2s').describe('How long that may take.'),
  max_message: size({ min: '64KiB', max: '64MiB' }).prefault('4MiB').describe('Largest message in either direction.'),
  config: z.record(z.string(), z.json()).default({}).describe('Passed on to it as it is written.'),
  secrets: z
    .record(z.string(), secret())
    .default({})
    .describe('Laid over its `config` as texts, and shown nowhere: "…", { file = "/…" } or { env = "NAME" }.'),
});

/** What a table `[proxy_plugins.<name>]` says, with defaults; durations in milliseconds, sizes in bytes. */
export type ProxySettings = z.output<typeof proxyTable>;

/** The tables by name, which becomes the plugin's id. */
export const proxyTables = z.record(
  z.string().regex(/^[a-z0-9]+([_-][a-z0-9]+)*$/, { error: 'expected lowercase letters and digits, joined by dashes or underscores' }),
  proxyTable,
);

/** Makes plugins of processes; an assembly brings it along. */
export interface ProxyFactory {
  /** Contracts that can be provided from another process. */
  readonly types: readonly string[];
  /** The plugin `<type>.<name>`. Its settings at start are those of its table. */
  plugin(name: string, type: string): AnyPlugin;
}

type ProxyTables = z.output<typeof proxyTables>;

/** The plugins of `[proxy_plugins]`, and what is wrong with their types. */
export async function proxyPlugins(
  tables: ProxyTables = {},
  proxies: (() => Promise<ProxyFactory>) | undefined,
): Promise<{ readonly plugins: readonly AnyPlugin[]; readonly faults: readonly PlainFault[] }> {
  const entries = Object.entries(tables);
  if (entries.length === 0) return { plugins: [], faults: [] };
  if (proxies === undefined)
    return {
      plugins: [],
      faults: [{ path: ['proxy_plugins'], message: 'can have no tables: this agent takes no plugins of other processes' }],
    };
  const factory = await proxies();
  const isKnown = (type: string): boolean => factory.types.includes(type);
  return {
    plugins: entries.filter(([, { type }]) => isKnown(type)).map(([name, { type }]) => factory.plugin(name, type)),
    faults: entries.filter(([, { type }]) => !isKnown(type)).map(([name, { type }]) => unknownType(name, type, factory.types)),
  };
}

function unknownType(name: string, type: string, known: readonly string[]): PlainFault {
  const near = nearest(type, known);
  const message = `is no contract that another process can provide (${JSON.stringify(type)}); known here: ${known.join(', ')}`;
  return { path: ['proxy_plugins', name, 'type'], message, ...(near === undefined ? {} : { suggestion: near }) };
}

/** Where the settings of every plugin are, those of processes too: what has changed there restarts the plugin. */
export function withProxySettings(config: PluginConfig, tables: ProxyTables = {}): PluginConfig {
  const proxied = Object.entries(tables).map(([name, table]) => [`${table.type}.${name}`, table] as const);
  return proxied.length === 0 ? config : { ...config, settings: new Map([...config.settings, ...proxied]) };
}
