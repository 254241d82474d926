import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type AnyPlugin, definePlugin } from '../plugin/definition.ts';
import { defineToken } from '../plugin/token.ts';
import { diffConfigs } from './diff.ts';
import { duration } from './fields.ts';
import { load as loadConfigFile, write } from './load.fixture.ts';

const Mode = defineToken<object>()('hawser.mode.v1');
const bridge = definePlugin({
  provides: Mode,
  id: 'bridge',
  summary: 'A mode.',
  enabled: 'configured',
  config: z.strictObject({
    bridge: z.string().default('hawser0'),
    mtu: z.int().optional(),
    wait: duration().prefault('1m'),
    routes: z.array(z.strictObject({ dst: z.string() })).default([]),
    labels: z.record(z.string(), z.string()).default({}),
    vlans: z
      .array(z.int())
      .default([])
      .transform((list) => new Set(list)),
  }),
  start: () => ({}),
});
const always = definePlugin({ provides: Mode, id: 'always', summary: 'Takes nothing.', start: () => ({}) });
const PLUGINS: readonly AnyPlugin[] = [bridge, always];

const load = async (text: string, more: Readonly<Record<string, string>> = {}) =>
  loadConfigFile(await write({ 'config.toml': text, ...more }), false, {}, PLUGINS);
const diff = async (before: string, after: string, more: Readonly<Record<string, string>> = {}) =>
  diffConfigs(await load(before, more), await load(after, more));
const table = (text: string) => `[plugins."hawser.mode.v1.bridge"]\n${text}`;
const NOTHING = { core: [], plugins: [] };

describe('the difference of two configs', () => {
  it('is nothing where the same is only written in another way', async () => {
    const extra = { 'extra.toml': table('mtu = 1400\nwait = "60s"\nvlans = [1, 2]') };
    const before = `disabled = ["hawser.mode.v1.always", "hawser.mode.v1.bridge"]\n${table('bridge = "hawser0"\nmtu = 1400\nvlans = [1, 2]')}`;
    const after =
      'version = 1\nimports = ["extra.toml"]\nroot = "/var/lib/hawser"\ndisabled = ["hawser.mode.v1.bridge", "hawser.mode.v1.always"]';
    expect(await diff(before, after, extra)).toEqual(NOTHING);
    expect(await diff(table('mtu = 1400\nvlans = [1, 2]'), 'imports = ["extra.toml"]', extra)).toEqual(NOTHING);
  });

  it('names plugins that come and go, with or without a table of their own', async () => {
    expect((await diff('', table(''))).plugins).toEqual([{ uri: 'hawser.mode.v1.bridge', change: 'added', keys: [] }]);
    expect((await diff(table(''), '')).plugins).toEqual([{ uri: 'hawser.mode.v1.bridge', change: 'removed', keys: [] }]);
    expect(await diff('', 'disabled = ["hawser.mode.v1.always"]')).toEqual({
      core: [{ key: 'disabled', before: [], after: ['hawser.mode.v1.always'] }],
      plugins: [{ uri: 'hawser.mode.v1.always', change: 'removed', keys: [] }],
    });
    expect((await diff(`disabled = ["hawser.mode.v1.bridge"]\n${table('mtu = 1')}`, table('mtu = 2'))).plugins).toEqual([
      { uri: 'hawser.mode.v1.bridge', change: 'added', keys: [] },
    ]);
  });

  it('names the keys that have changed, with both values as a file has them', async () => {
    const before = table('mtu = 1400\nlabels = { a = "1", b = "2", "c.d" = "3" }\nroutes = [{ dst = "x" }]');
    const after = table('wait = "2m"\nlabels = { a = "1", b = "3", e = "4" }\nroutes = [{ dst = "x" }, { dst = "y" }]\nvlans = [7]');
    const { core, plugins } = await diff(before, after);
    expect(core).toEqual([]);
    expect(plugins.map(({ uri, change }) => [uri, change])).toEqual([['hawser.mode.v1.bridge', 'changed']]);
    expect(new Map(plugins[0]?.keys.map(({ key, ...values }) => [key, values]))).toEqual(
      new Map([
        ['mtu', { before: 1400 }],
        ['labels.b', { before: '2', after: '3' }],
        ['labels."c.d"', { before: '3' }],
        ['labels.e', { after: '4' }],
        ['routes', { before: [{ dst: 'x' }], after: [{ dst: 'x' }, { dst: 'y' }] }],
        ['wait', { before: '1m', after: '2m' }],
        ['vlans', { before: [], after: [7] }],
      ]),
    );
  });

  it('names core keys by themselves', async () => {
    expect(await diff('root = "/a"', 'root = "/b"\nstate = "/c"\nrequired = ["hawser.mode.v1.always"]')).toEqual({
      core: [
        { key: 'root', before: '/a', after: '/b' },
        { key: 'state', before: '/run/hawser', after: '/c' },
        { key: 'required', before: [], after: ['hawser.mode.v1.always'] },
      ],
      plugins: [],
    });
  });

  it('backwards is the same, the other way round', async () => {
    const settings = fc.record(
      { bridge: fc.constantFrom('a', 'b'), mtu: fc.constantFrom(1, 2), on: fc.boolean() },
      { requiredKeys: ['on'] },
    );
    const text = ({ on, ...keys }: { on: boolean; bridge?: string; mtu?: number }) =>
      on
        ? table(
            Object.entries(keys)
              .map(([key, value]) => `${key} = ${JSON.stringify(value)}`)
              .join('\n'),
          )
        : '';
    const flipped = { added: 'removed', removed: 'added', changed: 'changed' } as const;
    await fc.assert(
      fc.asyncProperty(settings, settings, async (one, other) => {
        const [a, b] = [await load(text(one)), await load(text(other))];
        const forth = diffConfigs(a, b).plugins;
        const back = diffConfigs(b, a).plugins;
        expect(back.map(({ change }) => flipped[change])).toEqual(forth.map(({ change }) => change));
        expect(new Set(back.flatMap(({ keys }) => keys.map(({ key }) => key)))).toEqual(
          new Set(forth.flatMap(({ keys }) => keys.map(({ key }) => key))),
        );
        expect(diffConfigs(a, a)).toEqual(NOTHING);
      }),
      { numRuns: 50 },
    );
  });
});
