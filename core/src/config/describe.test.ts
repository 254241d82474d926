import fc from 'fast-check';
import { parse } from 'smol-toml';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { JsonValue } from '../json.ts';
import { type AnyPlugin, definePlugin } from '../plugin/definition.ts';
import { defineToken } from '../plugin/token.ts';
import {
  cidr,
  configJsonSchema,
  configMarkdown,
  defaultConfigToml,
  dumpConfig,
  duration,
  loadConfig,
  pluginConfig,
  size,
} from './index.ts';
import { load as loadConfigFile, write } from './load.fixture.ts';
import { tomlValue } from './toml-value.ts';

const Ipam = defineToken<object>()('hawser.ipam.v1');
const Mode = defineToken<object>()('hawser.mode.v1');

interface Tree {
  readonly name: string;
  readonly children: readonly Tree[];
}
const tree: z.ZodType<Tree> = z.lazy(() => z.strictObject({ name: z.string(), children: z.array(tree) }));

const range = definePlugin({
  provides: Ipam,
  id: 'range',
  stability: 'beta',
  summary: 'Hands out addresses from ranges.',
  config: z.strictObject({
    ranges: z.array(cidr()).default(['10.88.0.0/16', 'fd00:88::/64']).describe('Ranges to take addresses from.'),
    cooldown: duration().prefault('30s').describe('How long a released address rests | at least.'),
    journal: size().default(64 * 2 ** 20),
    odd: duration().default(90_500),
    text: z.string().transform(Number).default(5),
    policy: z.enum(['first_free', 'random']).default('first_free').describe('Which free address comes next.'),
    routes: z
      .array(z.strictObject({ dst: cidr().describe('Where to.'), metric: z.int().default(0) }))
      .default([])
      .describe('Routes.'),
    gateway: z.string().optional().describe('The gateway.'),
  }),
  start: () => ({}),
});
const bridge = definePlugin({
  provides: Mode,
  id: 'bridge',
  summary: 'A mode.',
  enabled: 'configured',
  requires: { ipam: Ipam.byId('range') },
  config: z.strictObject({
    bridge: z.string().default('hawser0').describe('Name of the bridge.'),
    mtu: z.int().optional(),
    trees: z.array(tree).default([]),
  }),
  start: () => ({}),
});
const PLUGINS: readonly AnyPlugin[] = [range, bridge];

const load = async (text: string) => loadConfigFile(await write({ 'config.toml': text }), false, {}, PLUGINS);

describe('the default config', () => {
  it('means what no config means', async () => {
    const config = await load(defaultConfigToml(PLUGINS));
    const defaults = await loadConfig({ file: undefined, plugins: PLUGINS, missingOk: false });
    expect(config.plugins.settings).toEqual(defaults.plugins.settings);
    expect(config.plugins.configured).toEqual(new Set(['hawser.ipam.v1.range']));
    expect(config.root).toBe(defaults.root);
  });

  it('says of every key what it is for', () => {
    const text = defaultConfigToml(PLUGINS);
    expect(text).toContain('# Folder of what outlives a reboot.\nroot = "/var/lib/hawser"\n');
    expect(text).toContain(
      '# Hands out addresses from ranges.\n[plugins."hawser.ipam.v1.range"]\n# Ranges to take addresses from.\nranges = ["10.88.0.0/16", "fd00:88::/64"]\n',
    );
    expect(text).toContain('cooldown = "30s"');
    expect(text).toContain('# The gateway.\n# gateway = … (string; none unless set)');
    expect(text).toContain(
      '# A mode. It is on when it has this table.\n# [plugins."hawser.mode.v1.bridge"]\n# Name of the bridge.\n# bridge = "hawser0"\n',
    );
  });

  it('leaves out a default that only code could pass', () => {
    expect(defaultConfigToml(PLUGINS)).toContain('# text = … (string; none unless set)');
  });

  it('writes durations and sizes as text', () => {
    expect(defaultConfigToml(PLUGINS)).toContain('journal = "64MiB"\n');
    expect(defaultConfigToml(PLUGINS)).toContain('odd = "90500ms"\n');
  });
});

describe('a dump', () => {
  it('shows the effective values with their origins, and means the same when it is loaded', async () => {
    const config = await load('root = "/r"\n[plugins."hawser.ipam.v1.range"]\nroutes = [\n  { dst = "10.0.0.0/8" }]\n');
    const { toml, json } = dumpConfig(config);
    const [file = ''] = config.files;
    expect(toml).toContain(`root = "/r" # ${file}:1\n`);
    expect(toml).toContain('state = "/run/hawser" # default\n');
    expect(toml).toContain(`routes = [{ dst = "10.0.0.0/8", metric = 0 }] # ${file}:3\n`);
    expect(toml).not.toContain('bridge');
    expect(json).toMatchObject({
      config: { root: '/r', plugins: { 'hawser.ipam.v1.range': { cooldown: '30s' } } },
      origins: { root: { file, line: 1 }, state: 'default', 'plugins."hawser.ipam.v1.range".cooldown': 'default' },
      files: [file],
    });
    const again = await load(toml);
    expect(again.plugins.settings).toEqual(config.plugins.settings);
    expect(again.root).toBe('/r');
  });

  it('keeps every value as it was', () => {
    const value = fc.letrec<{ value: JsonValue }>((tie) => ({
      value: fc.oneof(
        fc.string({ unit: 'binary' }).map((text) => text.toWellFormed()),
        fc.integer(),
        fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => (Object.is(number, -0) ? 0 : number)),
        fc.boolean(),
        fc.array(tie('value'), { maxLength: 4 }),
        fc.dictionary(fc.string({ minLength: 1 }), tie('value'), { maxKeys: 4, noNullPrototype: true }),
      ),
    })).value;
    fc.assert(
      fc.property(value, (one) => {
        const written = tomlValue(one);
        expect(written).not.toContain('\n');
        expect(parse(`value = ${written}`)).toEqual({ value: one });
      }),
      { examples: [['\u007f"\\\n'], [1e21], [5e-324]] },
    );
  });
});

describe('the JSON Schema', () => {
  it('describes core keys and every plugin’s table, unknown keys excluded', () => {
    const schema = configJsonSchema(PLUGINS);
    expect(schema).toMatchObject({
      $schema: 'https://json-schema.org/draft/2020-12/schema',
      additionalProperties: false,
      properties: {
        root: { type: 'string', default: '/var/lib/hawser' },
        plugins: {
          additionalProperties: false,
          properties: {
            'hawser.ipam.v1.range': {
              title: 'hawser.ipam.v1.range',
              properties: { cooldown: { default: '30s' } },
              additionalProperties: false,
            },
          },
        },
      },
    });
  });

  it('keeps the references of a recursive schema inside its plugin', () => {
    expect(configJsonSchema(PLUGINS)).toMatchObject({
      properties: { plugins: { properties: { 'hawser.mode.v1.bridge': { $id: 'hawser:hawser.mode.v1.bridge' } } } },
    });
  });
});

describe('the reference', () => {
  it('has a table of keys for each plugin', () => {
    const text = configMarkdown(PLUGINS);
    expect(text).toContain(
      '## `hawser.mode.v1.bridge`\n\nA mode.\n\nStability: stable. It is on when it has a table. Requires `hawser.ipam.v1.range`.',
    );
    expect(text).toContain('| `ranges` | list of CIDR | `["10.88.0.0/16", "fd00:88::/64"]` | Ranges to take addresses from. |');
    expect(text).toContain('| `policy` | "first_free" or "random" | `"first_free"` | Which free address comes next. |');
    expect(text).toContain('rests \\| at least.');
    expect(text).toContain('| `routes[].dst` | CIDR | **required** | Where to. |');
  });
});

describe('config from tables', () => {
  it('is checked like a file', () => {
    const config = pluginConfig(PLUGINS, { tables: { 'hawser.mode.v1.bridge': { mtu: 1400 } }, required: ['hawser.mode.v1.bridge'] });
    expect(config.settings.get('hawser.mode.v1.bridge')).toEqual({ bridge: 'hawser0', mtu: 1400, trees: [] });
    expect(config.settings.get('hawser.ipam.v1.range')).toMatchObject({ cooldown: 30_000 });
    expect(() => pluginConfig(PLUGINS, { tables: { 'hawser.mode.v1.bridge': { mut: 1 } } })).toThrow('did you mean "mtu"?');
  });
});
