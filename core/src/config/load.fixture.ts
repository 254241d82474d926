import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterAll, beforeAll, expect } from 'vitest';
import * as z from 'zod';
import { type HawserError, toHawserError } from '../errors/index.ts';
import { type AnyPlugin, definePlugin } from '../plugin/definition.ts';
import { defineToken } from '../plugin/token.ts';
import { coreKeys } from './core-keys.ts';
import { faultsOf } from './faults-of.fixture.ts';
import { cidr, duration } from './fields.ts';
import { loadConfig } from './load.ts';
import type { Environment } from './variable.ts';

const Ipam = defineToken<object>()('hawser.ipam.v1');
const Mode = defineToken<object>()('hawser.mode.v1');

const range = definePlugin({
  provides: Ipam,
  id: 'range',
  summary: 'Addresses.',
  config: z.strictObject({
    ranges: z.array(cidr()).default(['10.88.0.0/16']),
    cooldown: duration().prefault('30s'),
    routes: z.array(z.strictObject({ dst: cidr(), via: z.string().optional() })).default([]),
    policy: z.enum(['first_free', 'random']).default('first_free'),
  }),
  start: () => ({}),
});
const bridge = definePlugin({
  provides: Mode,
  id: 'bridge',
  summary: 'A mode.',
  enabled: 'configured',
  config: z.object({
    bridge: z.string(),
    mtu: z.int().optional(),
    labels: z.record(z.string(), z.string()).default({}),
    via: z.union([cidr(), z.strictObject({ subnet: cidr() })]).optional(),
  }),
  start: () => ({}),
});
const bare = definePlugin({ provides: Mode, id: 'bare', summary: 'No settings.', start: () => ({}) });
/** Plugins with settings of every sort. */
export const PLUGINS: readonly AnyPlugin[] = [range, bridge, bare];

/** What a file may have beside the tables of plugins. */
export const CORE_KEYS = Object.keys(coreKeys.shape).sort();

/** A folder of the test file's own. */
export let folder = '';
let count = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** Writes files into a new folder; the first is the main one. */
export async function write(files: Files): Promise<string> {
  const at = join(folder, String(count++));
  const paths = Object.keys(files).map((name) => join(at, name));
  for (const [index, content] of Object.values(files).entries()) {
    const path = paths[index] ?? '';
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, content);
  }
  return paths[0] ?? at;
}

type Files = Readonly<Record<string, string | Uint8Array>>;

/** Loads a config for these plugins, whatever the process's environment is. */
export const load = (file: string | undefined, missingOk = false, environment: Environment = {}, plugins = PLUGINS) =>
  loadConfig({ file, plugins, missingOk, environment });

/** What is said of files that are no config. */
export async function failure(files: Files, environment: Environment = {}, plugins = PLUGINS): Promise<HawserError> {
  const file = await write(files);
  return load(file, false, environment, plugins).then(
    () => expect.fail('it should be invalid'),
    (error: unknown) => toHawserError(error),
  );
}

/** `file:line key message (suggestion)` of each fault, files by their name alone. */
export async function faults(files: Files, environment: Environment = {}, plugins = PLUGINS): Promise<string[]> {
  const error = await failure(files, environment, plugins);
  expect(error.code).toBe('config.invalid');
  return faultsOf(error).map(({ file, line, variable, key, message, suggestion }) => {
    const place = variable !== undefined ? `${variable} ` : file === undefined ? '' : `${file.split('/').at(-1)}:${line ?? ''} `;
    return `${place}${key} ${message}${suggestion === undefined ? '' : ` (${suggestion})`}`;
  });
}
