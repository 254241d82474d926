import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { configJsonSchema, defaultConfigToml, dumpConfig, type JsonObject, loadConfig } from '@hawser/core';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { plugins } from './plugins.ts';

const PAGE = join(import.meta.dirname, '../../../docs/config.md');

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-docs-'));
});
afterAll(() => rm(folder, { recursive: true }));

/** The files that a page shows: blocks that begin with their path as a comment. */
async function filesOf(page: string): Promise<readonly (readonly [path: string, text: string])[]> {
  const text = await readFile(page, 'utf8');
  return [...text.matchAll(/```toml\n(# (\/\S+)\n[^]*?)```/g)].map(([, body = '', path = '']) => [path, body]);
}

const load = (file: string, environment = {}) => loadConfig({ file, plugins, missingOk: false, environment });

describe('docs/config.md', () => {
  test('shows files that mean together what it says', async () => {
    for (const [path, text] of await filesOf(PAGE)) {
      await mkdir(dirname(join(folder, path)), { recursive: true });
      await writeFile(join(folder, path), text);
    }
    const config = await load(join(folder, '/etc/hawser/config.toml'));
    expect(config.files).toHaveLength(2);
    expect(config.required).toEqual(['hawser.mode.v1.bridge']);
    expect(config.plugins.settings.get('hawser.mode.v1.bridge')).toMatchObject({ ip_masq: false, mtu: 0 });
    expect(config.plugins.settings.get('hawser.ipam.v1.range')).toMatchObject({ cooldown: 30_000 });
    expect(dumpConfig(config).toml).toContain('ranges = ["10.99.0.0/16"]');
  });

  test('shows variables that set what it says', async () => {
    const page = await readFile(PAGE, 'utf8');
    const variables = [...page.matchAll(/^\| `(HAWSER_CONFIG__\w+)=('?)(.*?)\2` \|/gm)].map(
      ([, name = '', , value = '']) => [name, value] as const,
    );
    expect(variables.length).toBeGreaterThan(3);
    const {
      root,
      plugins: given,
      required,
    } = await load(join(folder, '/etc/hawser/config.toml'), Object.fromEntries(variables.slice(0, 3)));
    expect([root, required]).toEqual(['/srv/hawser', ['hawser.mode.v1.bridge']]);
    expect(given.settings.get('hawser.mode.v1.bridge')).toMatchObject({ mtu: 1400 });
    await load(join(folder, '/etc/hawser/config.toml'), Object.fromEntries(variables));
  });
});

describe('the config of the reference agent', () => {
  test('has a default file that loads and means the defaults', async () => {
    await writeFile(join(folder, 'default.toml'), defaultConfigToml(plugins));
    const [written, none] = [
      await load(join(folder, 'default.toml')),
      await loadConfig({ file: undefined, plugins, missingOk: true, environment: {} }),
    ];
    expect(written.plugins.settings).toEqual(none.plugins.settings);
  });

  test('describes every key, and has bounds for each', () => {
    const faults = [...keysIn(configJsonSchema(plugins), [])].flatMap(([key, shape]) => [
      ...(typeof shape['description'] === 'string' || key.includes('[]') || key.includes('*') ? [] : [`${key} is not described`]),
      ...alternatives(shape).flatMap((one) => unboundedIn(key, one)),
    ]);
    expect(faults).toEqual([]);
  });
});

function* keysIn(shape: JsonObject, path: readonly string[]): Generator<readonly [key: string, shape: JsonObject]> {
  for (const one of alternatives(shape)) {
    const { properties, additionalProperties: others, items } = one;
    const inner: [string, unknown][] = [...Object.entries((properties ?? {}) as object), ['*', others], ['[]', items]];
    for (const [key, value] of inner) {
      if (typeof value !== 'object' || value === null) continue;
      const at = [...path, key];
      if (at.length > 1 || key !== 'plugins') yield [at.join('.'), value as JsonObject];
      yield* keysIn(value as JsonObject, at);
    }
  }
}

function alternatives(shape: JsonObject): readonly JsonObject[] {
  const among = shape['anyOf'] ?? shape['oneOf'];
  return Array.isArray(among) ? (among as JsonObject[]).flatMap(alternatives) : [shape];
}

/** What could grow without end; the file's own bounds stand behind all of it. */
function unboundedIn(key: string, shape: JsonObject): readonly string[] {
  const { type, enum: values, maxLength, maxItems, minimum, exclusiveMinimum, maximum, pattern, additionalProperties: others } = shape;
  const isFinite = (bound: unknown) => typeof bound === 'number' && Math.abs(bound) < Number.MAX_SAFE_INTEGER;
  if (values !== undefined || shape['const'] !== undefined) return [];
  if (type === 'string' && maxLength === undefined && pattern === undefined) return [`${key}: text without bounds`];
  if (type === 'array' && maxItems === undefined) return [`${key}: list without bounds`];
  if ((type === 'integer' || type === 'number') && !(isFinite(minimum ?? exclusiveMinimum) && isFinite(maximum)))
    return [`${key}: number without bounds`];
  return type === 'object' && typeof others === 'object' && shape['maxProperties'] === undefined ? [] : [];
}
