import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { startCore } from '../testing/core.ts';
import { testContext } from '../testing/context.ts';

const signal = new AbortController().signal;

test('whatever the graph, exactly what no root reaches goes', async () => {
  const graphs = fc.array(fc.record({ rooted: fc.boolean(), parents: fc.array(fc.nat(), { maxLength: 3 }) }), { maxLength: 25 });
  await fc.assert(
    fc.asyncProperty(graphs, async (graph) => {
      await using core = await startCore({ context: testContext() });
      using things = core.snapshots.open({ type: 'thing', store: 'state', cleanup: async () => {} });
      const parentsOf = (index: number) => (index === 0 ? [] : (graph[index]?.parents ?? []).map((parent) => parent % index));
      await core.metadata.write('state', (tx) =>
        graph.forEach(({ rooted }, n) => {
          things.prepare(tx, `${n}`, {
            data: {},
            parents: parentsOf(n).map((parent) => `thing/${parent}`),
            labels: rooted ? { 'gc.root': 'yes' } : {},
          });
          things.commit(tx, `${n}`);
        }),
      );
      const live = new Set<number>();
      const reach = (n: number): void => {
        if (live.has(n)) return;
        live.add(n);
        parentsOf(n).forEach(reach);
      };
      graph.forEach(({ rooted }, n) => rooted && reach(n));
      await core.gc.run({ signal });
      const left = core.metadata.read('state', (tx) => Array.from(core.snapshots.list(tx), ({ key }) => Number(key)));
      expect(new Set(left)).toEqual(live);
    }),
    { numRuns: 40 },
  );
});
