import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, it } from 'vitest';
import * as z from 'zod';
import { HawserError } from '../errors/index.ts';
import { definePlugin } from '../plugin/definition.ts';
import { defineToken } from '../plugin/token.ts';
import { cidr } from './fields.ts';
import { loadConfig } from './load.ts';

const range = definePlugin({
  provides: defineToken<object>()('hawser.ipam.v1'),
  id: 'range',
  summary: 'Addresses.',
  config: z.object({
    ranges: z.array(z.union([cidr(), z.strictObject({ subnet: cidr() })])).default([]),
    labels: z.record(z.string(), z.string()).default({}),
  }),
  start: () => ({}),
});

let folder = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hawser-config-'));
});
afterAll(() => rm(folder, { recursive: true }));

describe('whatever stands in a file', () => {
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
    fc.constantFrom('root', 'state', 'imports', 'required', 'version', 'plugins', 'packages', 'a.b', '"plugins"."hawser.ipam.v1.range"'),
    fc.string().map((text) => JSON.stringify(text)),
  );
  const line = fc.oneof(
    fc.tuple(key, value).map(([name, content]) => `${name} = ${content}`),
    key.map((name) => `[${name}]`),
    key.map((name) => `[[${name}]]`),
    fc.constantFrom('[plugins."hawser.ipam.v1.range"]', 'ranges = [1, "x", {}]', '# remark', ''),
  );

  it('is a config or an error of the config area, never anything else', async () => {
    const file = join(folder, 'fuzz.toml');
    const content = fc.oneof(
      fc.array(line, { maxLength: 8 }).map((lines) => lines.join('\n')),
      fc.string({ unit: 'binary' }),
      fc.uint8Array({ maxLength: 200 }),
    );
    await fc.assert(
      fc.asyncProperty(content, async (bytes) => {
        await writeFile(file, bytes);
        await loadConfig({ file, plugins: [range], missingOk: false }).catch((error: unknown) => {
          if (!(error instanceof HawserError) || !error.code.startsWith('config.')) throw error;
        });
      }),
      { numRuns: 500 },
    );
  });
});
