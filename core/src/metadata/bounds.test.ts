import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, test } from 'vitest';
import { testContext } from '../testing/context.ts';
import { startCore } from '../testing/core.ts';
import { encodeKey } from './record.ts';
import { defineCollection } from './store.ts';

const THINGS = defineCollection<string>('state', 'things');

test('keys are bounded, whatever stands before them; labels stay in the value, so that one may be longer than a key', async () => {
  await using core = await startCore({ context: testContext() });
  using things = core.snapshots.open<Record<string, never>>({ type: 'thing', store: 'state' });
  const namespace = 'n'.repeat(76);
  await core.namespaces.create(namespace);
  const key = 'k'.repeat(1024 - 'thing/'.length);
  const value = 'v'.repeat(4096 - 'long'.length);
  await core.metadata.write('state', (tx) => things.prepare(tx, key, { data: {}, labels: { long: value } }), { namespace });
  const found = core.metadata.read('state', (tx) => core.snapshots.page(tx, { filters: [`labels.long==${value}`] }), { namespace });
  expect(found.items).toMatchObject([{ key, labels: { long: value } }]);
  await expect(core.metadata.write('state', (tx) => tx.put(THINGS, 'k'.repeat(1025), ''))).rejects.toMatchObject({
    code: 'metadata.key_too_long',
  });
});

test('a namespace is an identifier: no other name is read from or written to', async () => {
  await using core = await startCore({ context: testContext() });
  for (const namespace of ['', 'a\0b', '../x', 'a b', 'n'.repeat(77), '.a']) {
    expect(() => core.metadata.read('state', (tx) => tx.get(THINGS, 'k'), { namespace })).toThrow(
      expect.objectContaining({ kind: 'InvalidArgument' }),
    );
    await expect(core.metadata.write('state', (tx) => tx.put(THINGS, 'k', ''), { namespace })).rejects.toMatchObject({
      kind: 'InvalidArgument',
    });
    await expect(core.metadata.write('state', (tx) => tx.in(namespace).put(THINGS, 'k', ''))).rejects.toMatchObject({
      kind: 'InvalidArgument',
    });
  }
  expect(core.metadata.read('state', (tx) => [...tx.entries(THINGS)])).toEqual([]);
});

/** Bytes of the heap that are in use after a full collection. */
function inUse(): number {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') throw new Error('this Node.js has no gc()');
  collect();
  return process.memoryUsage().heapUsed;
}

test('namespaces that have come and gone leave nothing in memory', () => {
  const before = inUse();
  for (let number = 0; number < 50_000; number++) encodeKey(THINGS, 'k', `namespace-${number}`);
  expect(inUse() - before).toBeLessThan(4 * 1024 * 1024);
});
