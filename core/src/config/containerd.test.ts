import { dirname } from 'node:path';
import { describe, expect, expectTypeOf, it } from 'vitest';
import * as z from 'zod';
import { definePlugin } from '../plugin/definition.ts';
import { defineToken } from '../plugin/token.ts';
import { configJsonSchema } from './config-shape.ts';
import { defaultConfigToml } from './default-toml.ts';
import { dumpConfig } from './dump.ts';
import { duration } from './fields.ts';
import { faults, load, PLUGINS, write } from './load.fixture.ts';
import { configMarkdown } from './markdown.ts';
import { migrateConfig } from './migrate-files.ts';

const BRIDGE = '[plugins."hawser.mode.v1.bridge"]';
const bridgeOf = async (files: Readonly<Record<string, string>>) =>
  (await load(await write(files))).plugins.settings.get('hawser.mode.v1.bridge');

describe('where containerd falls short', () => {
  it('an unknown key is a fault, not a warning: in the file, in a table, in a list, in an import, in the environment', async () => {
    const files = {
      'c.toml': `imports = ["i.toml"]\nnope = 1\n[plugins."hawser.ipam.v1.range"]\nroutes = [{ dst = "10.0.0.0/8", nope = 1 }]\n`,
      'i.toml': `${BRIDGE}\nbridge = "b"\nnope = 1\n[plugins."no.such.plugin"]`,
    };
    const told = await faults(files, { HAWSER_CONFIG__NOPE: '1' });
    expect(told.map((fault) => fault.split(' ').slice(0, 2).join(' '))).toEqual([
      'c.toml:2 nope',
      'HAWSER_CONFIG__NOPE ',
      'i.toml:4 plugins."no.such.plugin"',
      'c.toml:4 plugins."hawser.ipam.v1.range".routes[0].nope',
      'i.toml:3 plugins."hawser.mode.v1.bridge".nope',
    ]);
  });

  it('merging can take an element out of a list', async () => {
    const file = await write({
      'c.toml': 'imports = ["i.toml"]\ndisabled = ["hawser.mode.v1.bare", "hawser.mode.v1.bridge"]',
      'i.toml': `unset = ['disabled."hawser.mode.v1.bare"']`,
    });
    expect((await load(file)).disabled).toEqual(['hawser.mode.v1.bridge']);
  });

  it('merging can override with zero, false, an empty text, an empty list', async () => {
    const config = z.strictObject({ number: z.int(), flag: z.boolean(), word: z.string(), list: z.array(z.string()) });
    const plugin = definePlugin({ provides: defineToken<object>()('x.v1'), id: 'x', summary: 'x', config, start: () => ({}) });
    const file = await write({
      'c.toml': 'imports = ["i.toml"]\n[plugins."x.v1.x"]\nnumber = 5\nflag = true\nword = "w"\nlist = ["a"]',
      'i.toml': '[plugins."x.v1.x"]\nnumber = 0\nflag = false\nword = ""\nlist = []',
    });
    const { plugins } = await load(file, false, {}, [plugin]);
    expect(plugins.settings.get('x.v1.x')).toEqual({ number: 0, flag: false, word: '', list: [] });
  });

  it('merging can take away a key and a whole table', async () => {
    const main = `imports = ["i.toml"]\n${BRIDGE}\nbridge = "b"\nmtu = 9000\n`;
    expect(await bridgeOf({ 'c.toml': main, 'i.toml': `unset = ['plugins."hawser.mode.v1.bridge".mtu']` })).toEqual({
      bridge: 'b',
      labels: {},
    });
    expect(await bridgeOf({ 'c.toml': main, 'i.toml': `unset = ['plugins."hawser.mode.v1.bridge"']` })).toBeUndefined();
  });

  it('a config of an unknown plugin, or with an unknown name in required and disabled, is told before anything starts', async () => {
    expect(await faults({ 'c.toml': 'required = ["a.b"]\ndisabled = ["c.d"]\n[plugins."e.f"]' })).toEqual([
      'c.toml:1 required[0] names no plugin of this agent ("a.b")',
      'c.toml:2 disabled[0] names no plugin of this agent ("c.d")',
      'c.toml:3 plugins."e.f" names no plugin of this agent ("e.f")',
    ]);
  });
});

describe('what containerd does, too', () => {
  it('imports are globs, relative to their file, safe from circles, and the later one wins', async () => {
    const file = await write({
      'etc/c.toml': 'imports = ["../conf.d/*.toml"]\nroot = "/c"\nstate = "/c"',
      'conf.d/10.toml': 'imports = ["../etc/c.toml", "10.toml"]\nroot = "/10"\nstate = "/10s"',
      'conf.d/20.toml': 'root = "/20"',
    });
    const { root, state, files } = await load(file);
    expect([root, state]).toEqual(['/20', '/10s']);
    expect(files.map((name) => name.slice(dirname(dirname(file)).length))).toEqual(['/etc/c.toml', '/conf.d/10.toml', '/conf.d/20.toml']);
  });

  it('tables are merged at every depth, lists in the table of a plugin are replaced', async () => {
    const file = await write({
      'c.toml': `imports = ["i.toml"]\n[plugins."hawser.ipam.v1.range"]\nranges = ["10.1.0.0/16", "10.2.0.0/16"]\npolicy = "random"\n${BRIDGE}\nbridge = "b"\nlabels = { a = "1", b = "2" }`,
      'i.toml': `[plugins."hawser.ipam.v1.range"]\nranges = ["10.3.0.0/16"]\n${BRIDGE}\nlabels = { b = "3" }`,
    });
    const { settings } = (await load(file)).plugins;
    expect(settings.get('hawser.ipam.v1.range')).toMatchObject({ ranges: ['10.3.0.0/16'], policy: 'random' });
    expect(settings.get('hawser.mode.v1.bridge')).toMatchObject({ bridge: 'b', labels: { a: '1', b: '3' } });
  });

  it('a config has a version, and a newer one than the agent knows is refused', async () => {
    expect(await faults({ 'c.toml': 'version = 99' })).toEqual([
      'c.toml:1 version 99 is newer than this agent knows (1); run a newer agent',
    ]);
  });

  it('config default, dump and migrate: defaults, what is in force, and what older files come to', async () => {
    const file = await write({ 'c.toml': 'root = "/a"' });
    expect(defaultConfigToml(PLUGINS)).toContain('root = "/var/lib/hawser"');
    expect(dumpConfig(await load(file)).toml).toContain(`root = "/a" # ${file}:1`);
    expect(await migrateConfig({ file, plugins: PLUGINS, missingOk: false, environment: {} })).toEqual([]);
  });
});

describe('the rules for plugins', () => {
  const config = z.strictObject({ wait: duration({ max: '1h' }).prefault('30s').describe('How long it waits') });
  const plugin = definePlugin({
    provides: defineToken<object>()('x.v1'),
    id: 'waits',
    summary: 'Waits.',
    config,
    start: ({ config: settings }) => {
      expectTypeOf(settings).toEqualTypeOf<{ wait: number }>();
      return {};
    },
  });

  it('5: every config is checked before any start, all of it at once', async () => {
    let started = 0;
    const counting = definePlugin({
      provides: defineToken<object>()('y.v1'),
      id: 'counts',
      summary: 'x',
      start: () => ((started += 1), {}),
    });
    const told = await faults({ 'c.toml': '[plugins."y.v1.counts"]\nnope = 1\n[plugins."x.v1.waits"]\nwait = 5' }, {}, [counting, plugin]);
    expect(told).toEqual([
      'c.toml:2 plugins."y.v1.counts".nope is unknown; plugin \'counts\' takes no settings',
      'c.toml:4 plugins."x.v1.waits".wait expected a string, not 5',
    ]);
    expect(started).toBe(0);
  });

  it('5: a schema that fails by itself is the plugin’s fault, told with its path beside all others', async () => {
    const token = defineToken<object>()('y.v1');
    const text = z.string().prefault('x');
    const fails = (id: string, shape: z.ZodType) =>
      definePlugin({ provides: token, id, summary: 'x', config: z.strictObject({ text: shape }), start: () => ({}) });
    const throwing = text.transform(() => {
      throw new Error('no oil');
    });
    const plugins = [
      fails('throws', throwing),
      fails(
        'waits',
        text.refine(async () => true),
      ),
      plugin,
    ];
    expect(await faults({ 'c.toml': '[plugins."x.v1.waits"]\nwait = 5' }, {}, plugins)).toEqual([
      expect.stringMatching(/plugins\."y\.v1\.throws" can't be checked, which is a defect of this plugin: no oil$/),
      expect.stringMatching(/plugins\."y\.v1\.waits" can't be checked, which is a defect of this plugin: .*Promise/),
      'c.toml:2 plugins."x.v1.waits".wait expected a string, not 5',
    ]);
  });

  it('11: the schema is the only source of types, defaults, JSON Schema and reference; config is what a user writes, settings what code gets', async () => {
    expectTypeOf<z.input<typeof config>>().toEqualTypeOf<{ wait?: string | undefined }>();
    const { plugins } = await load(undefined, true, {}, [plugin]);
    expect(plugins.settings.get('x.v1.waits')).toEqual({ wait: 30_000 });
    expect(defaultConfigToml([plugin])).toContain('# How long it waits\nwait = "30s"');
    expect(configJsonSchema([plugin])).toMatchObject({
      properties: {
        plugins: { properties: { 'x.v1.waits': { properties: { wait: { default: '30s', description: 'How long it waits' } } } } },
      },
    });
    expect(configMarkdown([plugin])).toContain('| `wait` | duration from 0s to 1h | `"30s"` | How long it waits |');
  });

  it('14: a change of config comes with a migration, and what is old is told', async () => {
    const next = definePlugin({
      provides: defineToken<object>()('x.v1'),
      id: 'waits',
      summary: 'Waits.',
      config,
      configVersion: 2,
      configMigrations: { 1: ({ pause, ...table }) => ({ ...table, ...(pause === undefined ? {} : { wait: pause }) }) },
      start: () => ({}),
    });
    const file = await write({ 'c.toml': '[plugins."x.v1.waits"]\npause = "5s"' });
    const { plugins, warnings } = await load(file, false, {}, [next]);
    expect(plugins.settings.get('x.v1.waits')).toEqual({ wait: 5_000 });
    expect(warnings).toMatchObject([{ file, line: 1, message: "is 1, and was read as today's 2" }]);
  });
});
