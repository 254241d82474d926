import { dirname, join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { diffConfigs } from './diff.ts';
import { dumpConfig } from './dump.ts';
import { load, write } from './load.fixture.ts';

const BRIDGE = 'plugins."hawser.mode.v1.bridge"';

describe('a dump', () => {
  it('has the origin of each value, those inside a table too', async () => {
    const file = await write({
      'c.toml': `imports = ["over.toml"]\n[${BRIDGE}]\nbridge = "b"\nlabels = { a = "1", b = "2" }\n`,
      'over.toml': `\n[${BRIDGE}.labels]\nb = "3"\n"c.d" = ""\n`,
    });
    const { toml, json } = dumpConfig(await load(file, false, { HAWSER_CONFIG__PLUGINS__HAWSER_MODE_V1_BRIDGE__LABELS__e: '5' }));
    const over = join(dirname(file), 'over.toml');
    expect(toml).toContain(
      [
        `[${BRIDGE}]`,
        `bridge = "b" # ${file}:3`,
        '',
        `[${BRIDGE}.labels]`,
        `a = "1" # ${file}:4`,
        `b = "3" # ${over}:3`,
        `"c.d" = "" # ${over}:4`,
        'e = "5" # HAWSER_CONFIG__PLUGINS__HAWSER_MODE_V1_BRIDGE__LABELS__e',
        '',
      ].join('\n'),
    );
    expect(json).toMatchObject({
      files: [file, over],
      origins: {
        root: 'default',
        [`${BRIDGE}.bridge`]: { file, line: 3 },
        [`${BRIDGE}.labels.b`]: { file: over, line: 3 },
        [`${BRIDGE}.labels.e`]: { variable: 'HAWSER_CONFIG__PLUGINS__HAWSER_MODE_V1_BRIDGE__LABELS__e' },
      },
    });
  });

  it('shows files and variables with control characters as one line', async () => {
    const file = await write({ 'a\nroot = "x".toml': 'root = "/a"' });
    const { toml } = dumpConfig(await load(file));
    expect(toml).toContain('root = "/a" # ');
    expect((await load(await write({ 'c.toml': toml }))).root).toBe('/a');
  });

  it('loads again and means the same, whatever was written', async () => {
    const text = fc.string({ unit: 'binary' }).map((one) => one.toWellFormed());
    // The parser refuses that one key.
    const key = text.filter((one) => one !== '__proto__');
    const settings = fc.record(
      { bridge: text, mtu: fc.integer(), labels: fc.dictionary(key, text, { maxKeys: 3, noNullPrototype: true }) },
      { requiredKeys: ['bridge'] },
    );
    await fc.assert(
      fc.asyncProperty(settings, fc.array(text, { maxLength: 2 }), async (table, others) => {
        const value = (one: unknown) => JSON.stringify(one).replaceAll('\u007f', '\\u007f');
        const labels = Object.entries(table.labels ?? {}).map(([key, label]) => `${value(key)} = ${value(label)}`);
        const keys = Object.entries({ bridge: table.bridge, mtu: table.mtu }).flatMap(([key, one]) =>
          one === undefined ? [] : [`${key} = ${value(one)}`],
        );
        const main = [`[${BRIDGE}]`, ...keys, `[${BRIDGE}.labels]`, ...labels].join('\n');
        const over = others.map((one, index) => `${BRIDGE}.labels.k${index} = ${value(one)}`).join('\n');
        const config = await load(await write({ 'c.toml': `imports = ["o.toml"]\n${main}`, 'o.toml': over }));
        const again = await load(await write({ 'c.toml': dumpConfig(config).toml }));
        expect(again.plugins.settings).toEqual(config.plugins.settings);
        expect(diffConfigs(config, again)).toEqual({ core: [], plugins: [] });
      }),
      { numRuns: 100 },
    );
  });
});
