import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { HawserError } from '../errors/index.ts';
import { definePlugin } from '../plugin/definition.ts';
import { defineToken } from '../plugin/token.ts';
import type { ConfigFault } from './agent-config.ts';
import { faultsOf } from './faults-of.fixture.ts';
import { dumpConfig } from './dump.ts';
import { cidr } from './fields.ts';
import { loadConfig } from './load.ts';
import { migrateConfig } from './migrate-files.ts';

const range = definePlugin({
  provides: defineToken<object>()('hawser.ipam.v1'),
  id: 'range',
  summary: 'Addresses.',
  config: z.object({
    ranges: z.array(z.union([cidr(), z.strictObject({ subnet: cidr() })])).default([]),
    labels: z.record(z.string(), z.string()).default({}),
  }),
  configVersion: 2,
  configMigrations: { 1: ({ tags, ...table }) => ({ ...table, ...(tags === undefined ? {} : { labels: tags }) }) },
  start: () => ({}),
});

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-config-'));
  await mkdir(join(folder, 'folder'));
  await symlink('loop', join(folder, 'loop'));
  await symlink('a.toml', join(folder, 'link.toml'));
  execFileSync('mkfifo', [join(folder, 'pipe')]);
});
afterAll(() => rm(folder, { recursive: true }));

const options = () => ({ file: join(folder, 'main.toml'), plugins: [range], missingOk: false, environment: {} });

/** Loads what stands in the folder; whatever it is, it is a config that can be dumped, or faults that say where they are. */
async function judge(texts: ReadonlyMap<string, string | Uint8Array>, alsoMigrate = true): Promise<void> {
  for (const [name, text] of texts) await writeFile(join(folder, name), text);
  try {
    const config = await loadConfig(options());
    dumpConfig(config);
    if (alsoMigrate) await migrateConfig(options());
  } catch (error) {
    if (!(error instanceof HawserError) || !error.code.startsWith('config.')) throw error;
    for (const fault of faultsOf(error)) judgeFault(fault, texts);
  }
}

function judgeFault({ file = '', line = 1, key, message }: ConfigFault, texts: ReadonlyMap<string, string | Uint8Array>): void {
  const text = texts.get(file.slice(folder.length + 1).replace('link.toml', 'a.toml'));
  if (text === undefined) throw new Error(`a fault in ${JSON.stringify(file)}, which nobody wrote: ${message}`);
  const lines = Buffer.from(text).toString('latin1').split('\n').length;
  expect(line).toBeGreaterThanOrEqual(1);
  expect(line).toBeLessThanOrEqual(lines);
  expect(typeof key).toBe('string');
  expect(message).not.toBe('');
}

const value: fc.Arbitrary<string> = fc.letrec<{ value: string }>((tie) => ({
  value: fc.oneof(
    { depthSize: 'small' },
    fc.string().map((text) => JSON.stringify(text)),
    fc.integer().map(String),
    fc.constantFrom('true', 'inf', 'nan', '1979-05-27', '07:32:00', '0x1F', '1e400', '99999999999999999999'),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `[${items.join(', ')}]`),
    fc.array(tie('value'), { maxLength: 3 }).map((items) => `{ ${items.map((item, index) => `k${index} = ${item}`).join(', ')} }`),
  ),
})).value;
const key = fc.oneof(
  fc.constantFrom('root', 'state', 'imports', 'unset', 'required', 'version', 'plugins', 'packages', 'a.b'),
  fc.constantFrom('"plugins"."hawser.ipam.v1.range"', 'config_version', 'tags', 'labels', 'ranges'),
  fc.string().map((text) => JSON.stringify(text)),
);
const line = fc.oneof(
  fc.tuple(key, value).map(([name, content]) => `${name} = ${content}`),
  key.map((name) => `[${name}]`),
  key.map((name) => `[[${name}]]`),
  fc.constantFrom(
    '[plugins."hawser.ipam.v1.range"]',
    'ranges = [1, "x", {}]',
    '# remark',
    '',
    'tags = { a = "b" } # c',
    'config_version = 1',
  ),
);

/** A valid file, and what happens to its characters on the way. */
const VALID = `version = 1
root = "/srv/hawser" # here
imports = ["a.toml", "*.toml"]
unset = ["state", 'plugins."hawser.ipam.v1.range".labels.x']
required = [
  "hawser.ipam.v1.range",
]

[plugins."hawser.ipam.v1.range"]
config_version = 2
ranges = ["10.88.0.0/16", { subnet = "fd00:88::/64" }]
labels.a = """
text"""
labels."b.c" = 'x'
`;
const mutation = fc.tuple(
  fc.nat(VALID.length),
  fc.nat(12),
  fc.oneof(fc.string({ maxLength: 4 }), fc.constantFrom('"', "'", '[', ']', '{', '}', '=', '.', '\n', '\0', '#', '\\u', '"""')),
);
const mutated = fc
  .array(mutation, { minLength: 1, maxLength: 4 })
  .map((mutations) => mutations.reduce((text, [at, length, into]) => text.slice(0, at) + into + text.slice(at + length), VALID));

describe('whatever stands in a file', () => {
  it('is a config or an error of the config area, never anything else', async () => {
    const content = fc.oneof(
      fc.array(line, { maxLength: 8 }).map((lines) => lines.join('\n')),
      mutated,
      fc.string({ unit: 'binary' }),
      fc.uint8Array({ maxLength: 200 }),
    );
    await fc.assert(
      fc.asyncProperty(content, content, (main, imported) =>
        judge(
          new Map([
            ['main.toml', main],
            ['a.toml', imported],
          ]),
        ),
      ),
      { numRuns: 400, examples: [[VALID, VALID]] },
    );
  }, 120_000);

  it('may import whatever stands in the folder', async () => {
    const name = fc.constantFrom(
      'main.toml',
      'a.toml',
      'b.toml',
      '*.toml',
      'link.toml',
      'folder',
      'folder/*',
      'loop',
      'pipe',
      'gone.toml',
      '[',
      '**/*',
      '../../../*/nowhere',
      '',
    );
    const file = fc
      .tuple(fc.array(name, { maxLength: 4 }), fc.array(line, { maxLength: 2 }))
      .map(([names, lines]) => [`imports = ${JSON.stringify(names)}`, ...lines].join('\n'));
    await fc.assert(
      fc.asyncProperty(file, file, file, (main, a, b) =>
        judge(
          new Map([
            ['main.toml', main],
            ['a.toml', a],
            ['b.toml', b],
          ]),
        ),
      ),
      { numRuns: 150 },
    );
  }, 120_000);

  it('is judged in a moment, however large or deep it is', async () => {
    const large = [
      'x = ['.repeat(100_000),
      `${'a.'.repeat(300_000)}a = 1`,
      '['.repeat(500_000),
      Array.from({ length: 60_000 }, (_, index) => `k${index} = 1`).join('\n'),
      `[plugins."hawser.ipam.v1.range"]\n${Array.from({ length: 40_000 }, (_, index) => `labels.k${index} = "v"`).join('\n')}`,
      `required = [${'"x",'.repeat(200_000)}]`,
      `root = "${'/'.repeat(1_000_000)}"`,
      `"${'\\u0041'.repeat(150_000)}" = 1`,
      '\n'.repeat(1_000_000),
      '#'.repeat(1 << 20),
    ];
    for (const text of large) {
      const begun = performance.now();
      await judge(new Map([['main.toml', text]]), false);
      expect(performance.now() - begun).toBeLessThan(10_000);
    }
  }, 120_000);
});
