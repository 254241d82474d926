import { expect, test } from 'vitest';
import { defineCollection } from '../metadata/store.ts';
import { startCore, testContext } from '../testing/index.ts';
import { readTypes } from './snapshot-records.ts';

test('the types that there are, also beside names that none of ours can have', async () => {
  await using core = await startCore({ context: testContext() });
  const raw = defineCollection('state', 'snapshots');
  await core.metadata.write('state', (tx) => {
    for (const name of ['b/1', 'b/2', 'a/1', 'abc', 'x', '/y', 'c/1']) tx.put(raw, name, {});
  });
  expect(core.metadata.read('state', readTypes)).toEqual(['a', 'b', 'c']);
});
