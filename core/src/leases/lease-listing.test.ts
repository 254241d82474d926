import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compileFilters, fieldsOf } from '../filters/index.ts';
import { indexesOf } from '../metadata/indexes.ts';
import type { ReadTransaction, Transaction } from '../metadata/store.ts';
import { startCore, type TestCore } from '../testing/core.ts';
import { testContext } from '../testing/context.ts';

const page = (core: TestCore, options: Parameters<TestCore['leases']['page']>[1]) => {
  const { items, ...rest } = core.metadata.read('state', (tx) => core.leases.page(tx, options));
  return { ids: items.map(({ id }) => id), ...rest };
};

test('leases are listed in pages and by filters on what JSON shows of them', async () => {
  const context = testContext();
  await using core = await startCore({ context });
  await core.metadata.write('state', (tx) => {
    core.leases.create(tx, { id: 'a', labels: { app: 'web' } });
    core.leases.create(tx, { id: 'b', labels: { app: 'web', tier: 'x' }, expiresInMs: 1000 });
    core.leases.create(tx, { id: 'c' });
    core.leases.addResource(tx, 'c', { type: 'thing', key: 'one' });
  });
  expect(page(core, { filters: ['labels.app==web'] })).toEqual({ ids: ['a', 'b'] });
  expect(page(core, { filters: ['labels.app==web,labels.tier!=x', 'resources.key==one'] })).toEqual({ ids: ['a', 'c'] });
  expect(page(core, { filters: ['expiresAt'] })).toEqual({ ids: ['b'] });
  expect(page(core, { filters: ['labels."gc.expire"'] })).toEqual({ ids: ['b'] });
  expect(page(core, { filters: ['id==c', 'id==a', 'id==none', 'id==""'] })).toEqual({ ids: ['a', 'c'] });
  expect(page(core, { filters: ['id~=^[ab]$'], limit: 1 }).ids).toEqual(['a']);
  const { next = '' } = page(core, { filters: ['labels.app==web'], limit: 1 });
  expect(page(core, { filters: ['labels.app==web'], after: next })).toEqual({ ids: ['b'] });
  expect(() => page(core, { filters: ['id=a'] })).toThrow(expect.objectContaining({ code: 'filters.invalid' }));
});

test('labels are updated by field paths: `labels` replaces, `labels.<k>` changes one, no path means all', async () => {
  await using core = await startCore({ context: testContext() });
  const update = (labels: Record<string, string>, fields?: readonly string[]) =>
    core.metadata.write('state', (tx) => core.leases.update(tx, 'a', { labels, ...(fields === undefined ? {} : { fields }) }).labels);
  await core.metadata.write('state', (tx) => core.leases.create(tx, { id: 'a', labels: { x: '1', y: '2' } }));
  expect(await update({ z: '3', y: '' })).toEqual({ x: '1', z: '3' });
  expect(await update({ x: '9', q: '8' }, ['labels.x'])).toEqual({ x: '9', z: '3' });
  expect(await update({ y: '2' }, ['labels'])).toEqual({ y: '2' });
  expect(await update({ w: '2' }, [])).toEqual({ w: '2' });
  for (const path of ['id', 'resources', 'none', 'labels.'])
    await expect(update({ w: '3' }, [path])).rejects.toMatchObject({ kind: 'InvalidArgument' });
  expect(page(core, { filters: ['labels.w==2'] })).toEqual({ ids: ['a'] });
  await core.metadata.write('state', (tx) => core.leases.delete(tx, 'a'));
  for (const index of indexesOf('state'))
    expect(core.metadata.read('state', (tx) => [...tx.keys({ store: 'state', name: index.name })])).toEqual([]);
});

/** Counts the records of leases that are read. */
function counting(tx: ReadTransaction, counts: { reads: number }): ReadTransaction {
  return {
    store: tx.store,
    namespace: tx.namespace,
    begun: tx.begun,
    in: (namespace) => counting(tx.in(namespace), counts),
    get: (collection, key) => (counts.reads++, tx.get(collection, key)),
    has: (collection, key) => tx.has(collection, key),
    *entries(collection, range) {
      for (const entry of tx.entries(collection, range)) {
        counts.reads++;
        yield entry;
      }
    },
    keys: (collection, range) => tx.keys(collection, range),
    namespaces: () => tx.namespaces(),
    collections: () => tx.collections(),
  };
}

test('a filter that an index serves does not read the other leases', async () => {
  await using core = await startCore({ context: testContext() });
  await core.metadata.write('state', (tx) => {
    for (let n = 0; n < 500; n++) core.leases.create(tx, { id: `lease-${n}`, labels: { number: String(n) } });
  });
  const readsFor = (filters: readonly string[]) => {
    const counts = { reads: 0 };
    const { items } = core.metadata.read('state', (tx) => core.leases.page(counting(tx, counts), { filters }));
    return [items.length, counts.reads];
  };
  expect(readsFor(['labels.number==77'])).toEqual([1, 1]);
  expect(readsFor(['labels.number==77,id~=^lease', 'id==lease-3'])).toEqual([2, 2]);
  expect(readsFor(['labels.number~=^77$'])).toEqual([1, 500]);
});

test('after random changes a filtered listing is what a naive one would be, and the index agrees', async () => {
  const labels = fc.dictionary(fc.constantFrom('a', 'b', 'gc.flat'), fc.constantFrom('', '1', '2'), { maxKeys: 2 });
  const id = fc.constantFrom('l1', 'l2', 'l3');
  const step = fc.oneof(
    fc.tuple(fc.constant('create' as const), id, labels),
    fc.tuple(fc.constant('update' as const), id, labels),
    fc.tuple(fc.constant('renew' as const), id, labels),
    fc.tuple(fc.constant('delete' as const), id, labels),
  );
  const filters = fc.subarray(['labels.a==1', 'labels.b==2,labels.a', 'labels."gc.flat"==1', 'id==l2', 'labels.a!=1']);
  const play = (core: TestCore, tx: Transaction, [verb, lease, change]: typeof step extends fc.Arbitrary<infer T> ? T : never) => {
    if (verb === 'create') core.leases.create(tx, { id: lease, labels: change });
    else if (verb === 'update') core.leases.update(tx, lease, { labels: change });
    else if (verb === 'renew') core.leases.renew(tx, lease, 60_000);
    else core.leases.delete(tx, lease);
  };
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 25 }), filters, async (steps, texts) => {
      await using core = await startCore({ context: testContext() });
      for (const one of steps) await core.metadata.write('state', (tx) => play(core, tx, one)).catch(() => undefined);
      core.metadata.read('state', (tx) => {
        for (const index of indexesOf('state')) expect(index.check(tx)).toEqual({ missing: [], stale: [] });
        const matches = compileFilters(texts);
        const naive = [...core.leases.list(tx)].filter((lease) => matches(fieldsOf(lease)));
        expect(core.leases.page(tx, { filters: texts }).items).toEqual(naive);
      });
    }),
    { numRuns: 100 },
  );
});
