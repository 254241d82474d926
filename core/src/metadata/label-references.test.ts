import { expect, test } from 'vitest';
import { testContext } from '../testing/context.ts';
import { startCore } from '../testing/core.ts';
import { SNAPSHOTS_BY_LABEL } from './label-indexes.ts';
import { storeLabelReferences } from './label-references.ts';
import { defineCollection } from './store.ts';

test('what no key can hold is passed over: a migration that failed for it would keep the agent from starting', async () => {
  await using core = await startCore({ context: testContext() });
  const labels = { 'gc.ref.thing': 'k'.repeat(1_100), 'gc.ref.thing.zero': 'a\0b', 'gc.ref.thing.good': 'b' };
  await core.metadata.write('state', (tx) => {
    tx.put(SNAPSHOTS_BY_LABEL.state.collection, 'thing/a', { labels });
    storeLabelReferences(tx);
  });
  const stored = core.metadata.read('state', (tx) => [...tx.keys(defineCollection('state', 'gc_references'))]);
  expect(stored).toEqual(['thing/a\0thing/b\0from']);
});
