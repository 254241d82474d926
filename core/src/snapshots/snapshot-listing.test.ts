import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { seededRandom } from '../context/index.ts';
import { compileFilters, fieldsOf } from '../filters/index.ts';
import { indexesOf } from '../metadata/indexes.ts';
import type { ListOptions } from '../metadata/listing.ts';
import type { Snapshot } from '../metadata/snapshots.ts';
import type { ReadTransaction } from '../metadata/store.ts';
import { startCore, type TestCore } from '../testing/core.ts';
import { testContext } from '../testing/context.ts';

const open = (core: TestCore, type = 'thing') => core.snapshots.open<{ readonly n: number }>({ type, store: 'state' });
const viewed = (snapshot: Snapshot) =>
  fieldsOf({ ...snapshot, name: `${snapshot.type}/${snapshot.key}`, parent: snapshot.parents[0] ?? '' });
const page = (core: TestCore, options?: ListOptions) => {
  const { items, ...rest } = core.metadata.read('state', (tx) => core.snapshots.page(tx, options));
  return { names: items.map(({ type, key }) => `${type}/${key}`), ...rest };
};
/** Every index agrees with its records, and every filter with the naive one. */
const agrees = (core: TestCore, filters: readonly string[]) =>
  core.metadata.read('state', (tx) => {
    for (const index of indexesOf('state')) expect([index.name, index.check(tx)]).toEqual([index.name, { missing: [], stale: [] }]);
    for (const filter of filters) {
      const matches = compileFilters([filter]);
      expect(core.snapshots.page(tx, { filters: [filter] }).items).toEqual(
        [...core.snapshots.list(tx)].filter((one) => matches(viewed(one))),
      );
    }
  });

test('a walk with filters finds snapshots by `parent==p`, `labels.l==2`, `name~=…` and whatever else JSON shows', async () => {
  await using core = await startCore({ context: testContext() });
  using things = open(core);
  using others = open(core, 'other');
  await core.metadata.write('state', (tx) => {
    things.prepare(tx, 'base', { data: { n: 0 }, committed: true });
    things.prepare(tx, 'second', { data: { n: 0 }, committed: true });
    things.prepare(tx, 'a', { data: { n: 1 }, parents: ['thing/base'], labels: { l: '1' } });
    others.prepare(tx, 'b', { data: { n: 2 }, parents: ['thing/second', 'thing/base'], labels: { l: '2' } });
  });
  const found = (...filters: string[]) => page(core, { filters }).names;
  expect(found('parent==thing/base')).toEqual(['thing/a']);
  expect(found('parents==thing/base')).toEqual(['other/b', 'thing/a']);
  expect(found('parent==none', `parent==x/${'y'.repeat(4000)}`)).toEqual([]);
  expect(found('parent==""')).toEqual(['thing/base', 'thing/second']);
  expect(found('parent!=""')).toEqual(found('parents'));
  expect(found('parents')).toEqual(['other/b', 'thing/a']);
  expect(found('labels.l==2')).toEqual(['other/b']);
  expect(found('labels.l==1', 'labels.l==2')).toEqual(['other/b', 'thing/a']);
  expect(found('name~=/[ab]$/')).toEqual(['other/b', 'thing/a']);
  expect(found('name==thing/a', 'name==thing/none', 'name==x')).toEqual(['thing/a']);
  expect(found('type==thing,kind==committed')).toEqual(['thing/base', 'thing/second']);
  expect(found('data.n==2')).toEqual(['other/b']);
  expect(found('type==thing', 'type==other')).toHaveLength(4);
});

test('a walk is read in pages, also along an index and inside one type', async () => {
  await using core = await startCore({ context: testContext() });
  using things = open(core);
  using others = open(core, 'other');
  await core.metadata.write('state', (tx) => {
    for (let n = 0; n < 10; n++) things.prepare(tx, `k${n}`, { data: { n }, labels: { parity: String(n % 2) } });
    others.prepare(tx, 'x', { data: { n: 1 }, labels: { parity: '1' } });
  });
  for (const filters of [
    ['labels.parity==1'],
    ['type==thing,data.n~=[13579]'],
    [],
    ['labels.parity==1', 'name==thing/k4', 'labels.parity==0'],
  ]) {
    const whole = page(core, { filters }).names;
    for (const limit of [1, 2, 3, 100]) {
      const listed: string[] = [];
      for (let after: string | undefined; ;) {
        const { names, next } = page(core, { filters, limit, ...(after === undefined ? {} : { after }) });
        listed.push(...names);
        if (next === undefined) break;
        after = next;
      }
      expect(listed).toEqual(whole);
    }
  }
});

test('a cursor goes on behind its key whatever the filters are now', async () => {
  await using core = await startCore({ context: testContext() });
  using things = open(core, 'm');
  using others = open(core, 'a');
  await core.metadata.write('state', (tx) => {
    others.prepare(tx, 'x', { data: { n: 1 } });
    for (const key of ['a', 'b', 'c']) things.prepare(tx, key, { data: { n: 1 }, labels: { l: '1' } });
  });
  const { next = '' } = page(core, { limit: 3 });
  for (const filter of ['type==m', 'labels.l==1', 'n!=1']) expect(page(core, { filters: [filter], after: next }).names).toEqual(['m/c']);
  expect(page(core, { filters: ['type==a'], after: next }).names).toEqual([]);
  expect(page(core, { filters: ['name==m/b'], after: next }).names).toEqual([]);
  expect(page(core, { filters: ['name==m/c'], after: next }).names).toEqual(['m/c']);
});

test('field paths replace labels, change one, or change the data; what never changes is refused', async () => {
  await using core = await startCore({ context: testContext() });
  using things = open(core);
  await core.metadata.write('state', (tx) => things.prepare(tx, 'a', { data: { n: 1 }, labels: { x: '1', y: '2' } }));
  const update = (changes: Parameters<typeof things.update>[2]) =>
    core.metadata.write('state', (tx) => {
      const { labels, data } = things.update(tx, 'a', changes);
      return { labels, data };
    });
  expect(await update({ labels: { z: '3', y: '' } })).toEqual({ labels: { x: '1', z: '3' }, data: { n: 1 } });
  expect(await update({ labels: { x: '9', q: '1' }, data: { n: 5 }, fields: ['labels.x'] })).toEqual({
    labels: { x: '9', z: '3' },
    data: { n: 1 },
  });
  expect(await update({ data: { n: 5 }, fields: ['data'] })).toEqual({ labels: { x: '9', z: '3' }, data: { n: 5 } });
  expect(await update({ labels: { w: '1' }, data: { n: 6 }, fields: [] })).toEqual({ labels: { w: '1' }, data: { n: 6 } });
  for (const path of ['key', 'kind', 'parents', 'createdAt', 'none', 'data.n'])
    await expect(update({ labels: {}, data: { n: 7 }, fields: [path] })).rejects.toMatchObject({ code: 'metadata.invalid_field_path' });
  agrees(core, ['labels.w==1', 'labels.x==9', 'data.n==6']);
});

test('a filter that an index serves does not read the other snapshots', async () => {
  await using core = await startCore({ context: testContext() });
  using things = open(core);
  await core.metadata.write('state', (tx) => {
    things.prepare(tx, 'base', { data: { n: 0 }, committed: true });
    for (let n = 0; n < 1000; n++) things.prepare(tx, `k${n}`, { data: { n }, labels: { number: String(n) } });
    things.prepare(tx, 'child', { data: { n: 0 }, parents: ['thing/base'] });
  });
  const readsFor = (filter: string) =>
    core.metadata.read('state', (tx) => {
      let reads = 0;
      const counting: ReadTransaction = {
        store: tx.store,
        namespace: tx.namespace,
        begun: tx.begun,
        in: (namespace) => tx.in(namespace),
        get: (collection, key) => (reads++, tx.get(collection, key)),
        has: (collection, key) => tx.has(collection, key),
        entries: (collection, range) => Iterator.from(tx.entries(collection, range)).map((entry) => (reads++, entry)),
        keys: (collection, range) => tx.keys(collection, range),
        namespaces: () => tx.namespaces(),
        collections: () => tx.collections(),
      };
      return [core.snapshots.page(counting, { filters: [filter] }).items.length, reads];
    });
  expect(readsFor('labels.number==77')).toEqual([1, 1]);
  expect(readsFor('parent==thing/base')).toEqual([1, 1]);
  expect(readsFor('name==thing/base')).toEqual([1, 1]);
  expect(readsFor('data.n==77')).toEqual([1, 1002]);
});

test('after random changes every filter agrees with the naive one, and every index with a scan', async () => {
  const labels = fc.dictionary(fc.constantFrom('a', 'b', 'gc.root'), fc.constantFrom('', '1', '2'), { maxKeys: 2 });
  const key = fc.constantFrom('k1', 'k2', 'k3', 'k\0', 'ü');
  const step = fc.tuple(fc.constantFrom('prepare', 'child', 'commit', 'update', 'remove'), key, key, labels, fc.boolean());
  const filters = [
    'labels.a==1',
    'labels.b==2,labels.a',
    'labels."gc.root"==1',
    'parent==thing/k1',
    'name=="thing/k\0"',
    'labels.a!=1',
    'type==thing',
  ];
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), async (steps) => {
      await using core = await startCore({ context: testContext() });
      using things = open(core);
      for (const [verb, one, other, change, dies] of steps) {
        const run = core.metadata.write('state', (tx) => {
          if (verb === 'prepare') things.prepare(tx, one, { data: { n: 1 }, labels: change, committed: dies });
          else if (verb === 'child') things.prepare(tx, one, { data: { n: 1 }, labels: change, parents: [`thing/${other}`] });
          else if (verb === 'commit') things.commit(tx, one, { labels: change });
          else if (verb === 'update') things.update(tx, one, { labels: change });
          else things.remove(tx, one);
          if (dies && verb === 'update') throw new Error('aborted');
        });
        await run.catch(() => undefined);
      }
      agrees(core, filters);
    }),
    { numRuns: 40 },
  );
});

const KILLS = Number(process.env['HAWSER_RUNS'] ?? 5);

test('killed at random instants, a store opens again with indexes that agree', { timeout: 20_000 + KILLS * 3_000 }, async () => {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'hawser-labels-'));
  stack.defer(() => rm(folder, { recursive: true }));
  const random = seededRandom(7);
  for (let kill = 0; kill < KILLS; kill++) {
    const child = fork(fileURLToPath(import.meta.resolve('./labeller.fixture.ts')), [folder, String(kill)]);
    stack.defer(() => void child.kill('SIGKILL'));
    const [word] = await Promise.race([once(child, 'message'), once(child, 'exit')]);
    expect(word).toBe('running');
    await new Promise((resolve) => setTimeout(resolve, random.integer(40)));
    child.kill('SIGKILL');
    await once(child, 'exit');
    await using core = await startCore({ context: testContext(), folder });
    agrees(core, ['labels.a==1', 'labels.b==2', 'labels.c', 'type==thing']);
    expect(page(core).names.length).toBeGreaterThan(0);
  }
});
