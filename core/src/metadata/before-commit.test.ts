import { expect, test } from 'vitest';
import { testContext } from '../testing/context.ts';
import { startCore } from '../testing/core.ts';
import { defineCollection } from './store.ts';

const THINGS = defineCollection<string[]>('state', 'things');

test('what is put off until the end of a transaction is written with it, also what that puts off, and not when it aborts', async () => {
  await using core = await startCore({ context: testContext() });
  await core.metadata.write('state', (tx) => {
    const told: string[] = [];
    tx.beforeCommit(() => tx.beforeCommit(() => tx.put(THINGS, 'told', told)));
    told.push('a', 'b');
  });
  const aborted = core.metadata.write('state', (tx) => {
    tx.put(THINGS, 'told', []);
    tx.beforeCommit(() => {
      throw new Error('no');
    });
  });
  await expect(aborted).rejects.toThrow('no');
  expect(core.metadata.read('state', (tx) => tx.get(THINGS, 'told'))).toEqual(['a', 'b']);
});

test('all namespaces of a transaction are one whole, and no two transactions are', async () => {
  await using core = await startCore({ context: testContext() });
  const wholes = await Promise.all([0, 1].map(() => core.metadata.write('state', (tx) => [tx.whole, tx.in('other').whole])));
  expect(wholes.map(([one, other]) => one === other)).toEqual([true, true]);
  expect(wholes[0]?.[0]).not.toBe(wholes[1]?.[0]);
});
