import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { heldClock } from '../testing/held-clock.ts';
import { Graph } from './graph.ts';
import { NameTable } from './name-table.ts';
import { Pace } from './pace.ts';

const pace = () => new Pace({ clock: heldClock(), sliceMs: 5, signal: new AbortController().signal });

const SIZE = 12;
const index = fc.nat(SIZE - 1);
const graphs = fc.record({
  nodes: fc.array(
    fc.record({
      // What nobody collects may be there.
      presence: fc.constantFrom('there' as const, 'there' as const, 'unknown' as const, 'nowhere' as const),
      root: fc.boolean(),
      flat: fc.boolean(),
      condemned: fc.boolean(),
    }),
    { minLength: SIZE, maxLength: SIZE },
  ),
  edges: fc.array(fc.record({ from: index, to: index, byLabel: fc.boolean() }), { maxLength: 30 }),
});

type Shape = typeof graphs extends fc.Arbitrary<infer T> ? T : never;

/** The meaning in few words: follow all from roots, then all but labels from flat ones; nothing from what is not there. */
function liveIn({ nodes, edges }: Shape): ReadonlySet<number> {
  const live = new Set<number>();
  const reach = (node: number, byLabel: boolean): void => {
    if (live.has(node)) return;
    live.add(node);
    if (nodes[node]?.presence === 'nowhere') return;
    for (const edge of edges) if (edge.from === node && (byLabel || !edge.byLabel)) reach(edge.to, byLabel);
  };
  nodes.forEach(({ presence, root, condemned }, node) => {
    if (!condemned && (presence === 'unknown' || (presence === 'there' && root))) reach(node, true);
  });
  nodes.forEach(({ flat, condemned }, node) => flat && !condemned && reach(node, false));
  return live;
}

test('marks exactly what roots and flat leases reach; garbage is ranked behind all that refers to it', async () => {
  await fc.assert(
    fc.asyncProperty(graphs, async (shape) => {
      const graph = new Graph();
      shape.edges.forEach(({ from, to, byLabel }) => graph.refer(`t/${from}`, `t/${to}`, byLabel));
      shape.nodes.forEach(({ presence, root, flat, condemned }, node) => {
        if (presence === 'there') graph.node(`t/${node}`, 3, root);
        if (presence === 'unknown') graph.unknown(`t/${node}`);
        if (flat) graph.keep(`t/${node}`, true);
        if (condemned) graph.condemned(`t/${node}`);
      });
      await graph.mark(pace());
      const live = liveIn(shape);
      const found = new Map(shape.nodes.map((_, node) => [node, graph.garbage(`t/${node}`)]));
      const isDead = (node: number) => found.get(node) !== undefined;
      for (const [node, { presence, condemned }] of shape.nodes.entries())
        expect(isDead(node)).toBe(presence === 'there' && !condemned && !live.has(node));
      for (const { from, to, byLabel } of shape.edges) {
        const [upper, lower] = [found.get(from), found.get(to)];
        if (byLabel || from === to || upper === undefined || lower === undefined || lower.circular) continue;
        expect(upper.rank).toBeLessThan(lower.rank);
      }
      expect([...graph.deadTypes]).toEqual(shape.nodes.some((_, node) => isDead(node)) ? [3] : []);
    }),
    { numRuns: 2000 },
  );
});

test('a table of names numbers each once, whatever the names', () => {
  fc.assert(
    fc.property(fc.array(fc.string({ unit: 'binary' }), { maxLength: 300 }), (names) => {
      const table = new NameTable();
      const numbers = names.map((name) => table.add(name));
      expect(table.size).toBe(new Set(names).size);
      names.forEach((name, at) => expect(table.get(name)).toBe(numbers[at]));
      expect(table.get('no such name \0')).toBeUndefined();
    }),
  );
});

test('200,000 names that are much alike have as many numbers', () => {
  const table = new NameTable();
  for (let n = 0; n < 200_000; n++) table.add(`attachment/default/pod-${n.toString(16).padStart(12, '0')}/eth0`);
  expect(table.size).toBe(200_000);
});
