import { expect, test } from 'vitest';
import type { Transaction } from '../metadata/store.ts';
import { startCore, type TestCore } from '../testing/core.ts';
import { testContext } from '../testing/context.ts';

const open = (core: TestCore) => core.snapshots.open<{ readonly n: number }>({ type: 'thing', store: 'state' });
const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error);

test('a snapshot is active, then committed, and keeps its data, parents and labels', async () => {
  const context = testContext();
  await using core = await startCore({ context });
  using things = open(core);
  await core.metadata.write('state', (tx) => {
    things.prepare(tx, 'base', { data: { n: 0 } });
    things.commit(tx, 'base');
    expect(things.prepare(tx, 'a', { data: { n: 1 }, parents: ['thing/base', 'thing/base'], labels: { x: '1', y: '2' } })).toMatchObject({
      kind: 'active',
      parents: ['thing/base'],
    });
    expect(things.commit(tx, 'a', { data: { n: 2 }, labels: { x: '', z: '3' } })).toMatchObject({
      kind: 'committed',
      data: { n: 2 },
      labels: { y: '2', z: '3' },
    });
  });
  core.metadata.read('state', (tx) => {
    expect(things.hasChildren(tx, 'base')).toBe(true);
    expect([...things.children(tx, 'base')]).toEqual(['thing/a']);
    expect(Array.from(things.walk(tx, { prefix: 'b' }), ({ key }) => key)).toEqual(['base']);
    expect(things.get(tx, 'none')).toBeUndefined();
  });
  expect(Array.from(core.events.history({ topics: ['/snapshots'] }), ({ type }) => type)).toEqual([
    'snapshots.prepared',
    'snapshots.committed',
    'snapshots.prepared',
    'snapshots.committed',
  ]);
});

test('every fault of use has its code, and changes nothing', async () => {
  await using core = await startCore({ context: testContext() });
  using things = open(core);
  const attempt = (fn: (tx: Transaction) => unknown) => core.metadata.write('state', (tx) => void fn(tx)).then(() => 'done', codeOf);
  const data = { n: 1 };
  await attempt(
    (tx) => (
      things.prepare(tx, 'base', { data }),
      things.commit(tx, 'base'),
      things.prepare(tx, 'active', { data, parents: ['thing/base'] })
    ),
  );
  const before = core.metadata.read('state', (tx) => [...core.snapshots.list(tx)]);
  expect(await attempt((tx) => things.prepare(tx, 'base', { data }))).toBe('snapshots.already_exists');
  expect(await attempt((tx) => things.prepare(tx, 'b', { data, parents: ['thing/none'] }))).toBe('snapshots.not_found');
  expect(await attempt((tx) => things.prepare(tx, 'b', { data, parents: ['thing/active'] }))).toBe('snapshots.invalid_parent');
  expect(await attempt((tx) => things.prepare(tx, 'b', { data, lease: 'none' }))).toBe('leases.not_found');
  expect(await attempt((tx) => things.prepare(tx, 'b', { data, labels: { a: 'x'.repeat(5000) } }))).toBe('snapshots.invalid_labels');
  expect(await attempt((tx) => things.commit(tx, 'base'))).toBe('snapshots.failed_precondition');
  expect(await attempt((tx) => things.commit(tx, 'none'))).toBe('snapshots.not_found');
  expect(await attempt((tx) => things.remove(tx, 'base'))).toBe('snapshots.has_children');
  expect(core.metadata.read('state', (tx) => [...core.snapshots.list(tx)])).toEqual(before);
  expect(await core.metadata.write('root', (tx) => void things.get(tx, 'base')).catch(codeOf)).toBe('snapshots.invalid_type');
  expect(() => open(core)).toThrow('type thing is registered already');
});
