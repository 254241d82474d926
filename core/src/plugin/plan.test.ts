import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { AnyPlugin, Requires } from './definition.ts';
import { planBoot } from './plan.ts';
import type { PluginConfig } from './plugin-config.ts';
import { defineToken } from './token.ts';

const A = defineToken<object>()('test.a.v1');
const B = defineToken<object>()('test.b.v1');
const C = defineToken<object>()('test.c.v1');

function plugin(token: AnyPlugin['provides'], id: string, requires: Requires = {}, more: Partial<AnyPlugin> = {}): AnyPlugin {
  return { provides: token, id, summary: `Plugin ${id}.`, requires, start: () => expect.fail('a plan starts nothing'), ...more };
}

type Lists = Partial<Record<'configured' | 'disabled' | 'required', readonly string[]>>;

function configOf({ configured = [], disabled = [], required = [] }: Lists): PluginConfig {
  return { settings: new Map(), configured: new Set(configured), disabled: new Set(disabled), required: new Set(required) };
}

const plan = (plugins: readonly AnyPlugin[], lists: Lists = {}) => planBoot(plugins, configOf(lists));
const messages = (plugins: readonly AnyPlugin[], lists: Lists = {}) =>
  plan(plugins, lists).faults.map(({ kind, message }) => `${kind}: ${message}`);

describe('a plan', () => {
  it('puts what is required first, else keeps the order given', () => {
    const set = [plugin(C, 'c', { all: B.all(), a: A }), plugin(B, 'b2'), plugin(B, 'b1', { maybe: A.optional() }), plugin(A, 'a')];
    expect(plan(set).order.map(({ plugin: { id } }) => id)).toEqual(['b2', 'a', 'b1', 'c']);
    expect(plan(set).faults).toEqual([]);
  });

  it('tells every fault at once, with its path and a way out', () => {
    const set = [
      plugin(A, 'one', { x: defineToken<object>()('test.a.v2') }),
      plugin(A, 'two'),
      plugin(A, 'two'),
      plugin(B, 'asks', { a: A, self: B.byId('asks'), gone: C.byId('chi') }),
      plugin(C, 'chin', { b: B.optional() }),
      plugin(B, 'ring', { c: C.byId('chin') }),
      plugin(defineToken<object>()('nonsense'), 'Bad Id', { log: A.optional() }),
    ];
    expect(messages(set, { disabled: ['test.a.v1.thre'], required: ['test.z.v1.zzz'] })).toEqual([
      "invalid: plugin 'Bad Id' provides 'nonsense', which is no type id",
      "invalid: plugin 'nonsense.Bad Id' has the id 'Bad Id', which is none",
      "invalid: plugin 'Bad Id' requires something as 'log', a name that start already has",
      "duplicate: plugin 'test.a.v1.two' is in this set twice",
      "missing: plugin 'one' requires 'test.a.v2', which no plugin in this set provides",
      "ambiguous: plugin 'asks' requires 'test.a.v1', which 'one' and 'two' both provide",
      "self: plugin 'asks' requires 'test.b.v1.asks', which it provides itself",
      "missing: plugin 'asks' requires 'test.c.v1.chi', which no plugin in this set provides",
      "ambiguous: plugin 'chin' requires 'test.b.v1', which 'asks' and 'ring' both provide",
      "ambiguous: plugin 'Bad Id' requires 'test.a.v1', which 'one' and 'two' both provide",
      "cycle: plugin 'test.c.v1.chin' requires itself by way of others: test.c.v1.chin → test.b.v1.ring → test.c.v1.chin",
      "unknown: 'test.a.v1.thre' in `disabled` names no plugin of this set",
      "unknown: 'test.z.v1.zzz' in `required` names no plugin of this set",
    ]);
    const { faults } = plan(set);
    expect(faults.every(({ remedy, path }) => (remedy.endsWith('.') || remedy.endsWith('?') ? path.length > 0 : false))).toBe(true);
    expect(faults.find(({ kind }) => kind === 'missing')?.remedy).toBe(
      "Add a plugin that provides it ('test.a.v1' is there), or leave out the plugin that requires it.",
    );
  });

  it('takes the only provider that is on where several are there', () => {
    const set = [plugin(A, 'linux'), plugin(A, 'simulated'), plugin(B, 'b', { a: A })];
    expect(messages(set, { disabled: ['test.a.v1.linux'] })).toEqual([]);
    expect(
      plan(set, { disabled: ['test.a.v1.linux'] })
        .order.at(-1)
        ?.providers.get('a'),
    ).toEqual(['test.a.v1.simulated']);
  });

  it('finds no fault in what does not take part', () => {
    const off = plugin(B, 'off', { a: A }, { enabled: 'configured' });
    expect(plan([off]).order).toMatchObject([{ disabled: 'not configured' }]);
    expect(messages([off])).toEqual([]);
    expect(messages([off], { configured: ['test.b.v1.off'] })).toHaveLength(1);
  });

  it('refuses to go without what is required, however far away', () => {
    const set = [plugin(A, 'a', {}, { enabled: 'configured' }), plugin(B, 'b', { a: A }), plugin(C, 'c', { b: B, maybe: A.optional() })];
    expect(messages(set)).toEqual([]);
    expect(messages(set, { required: ['test.c.v1.c', 'test.a.v1.a'] })).toEqual([
      "disabled: plugin 'test.c.v1.c' is in `required`, but needs 'test.a.v1.a', which is not configured: test.c.v1.c → test.b.v1.b → test.a.v1.a",
      "disabled: plugin 'test.a.v1.a' is in `required`, but is not configured",
    ]);
  });

  it('of any graph is an order where there is no fault, and names every circle', () => {
    const size = 8;
    const tokens = Array.from({ length: size }, (_, index) => defineToken<object>()(`test.t${index}.v1`));
    const edges = fc.array(fc.tuple(fc.nat(size - 1), fc.nat(size - 1)), { maxLength: 14 });
    fc.assert(
      fc.property(edges, (pairs) => {
        const set = tokens.map((token, index) => {
          const wanted = pairs.filter(([from]) => from === index).map(([, to]) => [`r${to}`, tokens[to] ?? token] as const);
          return plugin(token, 'p', Object.fromEntries(wanted));
        });
        const { order, faults } = plan(set);
        const place = new Map(order.map(({ uri }, index) => [uri, index]));
        const ordered = order.every(({ uri, providers }) =>
          [...providers.values()].flat().every((other) => (place.get(other) ?? 0) < (place.get(uri) ?? 0)),
        );
        expect(order).toHaveLength(size);
        expect(faults.length === 0).toBe(ordered);
        expect(faults.filter(({ path, kind }) => kind === 'cycle' && path[0] !== path.at(-1))).toEqual([]);
      }),
      { numRuns: 500 },
    );
  });
});
