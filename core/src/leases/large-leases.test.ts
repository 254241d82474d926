import { expect, test } from 'vitest';
import { findDisagreements } from '../metadata/store-checks.ts';
import { startCore, type TestCore } from '../testing/core.ts';
import { testContext } from '../testing/context.ts';
import { names, openType, signal, write } from '../testing/garbage.fixture.ts';
import './lease-checks.ts';
import { LEASE_COLLECTIONS, protectionOf } from './lease-records.ts';

const MANY = 1_000;
const { resources, leased, leftovers } = LEASE_COLLECTIONS.state;

/** A lease on many things that nothing else keeps. */
async function fill(core: TestCore, things: ReturnType<typeof openType>, expiresInMs?: number): Promise<void> {
  await write(core, (tx) => core.leases.create(tx, { id: 'large', ...(expiresInMs === undefined ? {} : { expiresInMs }) }));
  for (let start = 0; start < MANY; start += 200)
    await core.metadata.write('state', (tx) => Array.from({ length: 200 }, (_, n) => things.make(tx, `k${start + n}`)), { lease: 'large' });
}

const links = (core: TestCore): number[] =>
  core.metadata.read('state', (tx) => [resources, leased, leftovers].map((collection) => [...tx.keys(collection)].length));

/** The most links that one transaction has taken away, from here on. */
function watch(core: TestCore): () => number {
  let [before, most] = [links(core)[0] ?? 0, 0];
  core.metadata.onCommit(() => {
    const now = links(core)[0] ?? 0;
    most = Math.max(most, before - now);
    before = now;
  });
  return () => most;
}

test('a large lease that is deleted protects nothing any more, and goes link by link in bounded transactions', async () => {
  await using core = await startCore({ context: testContext() });
  using things = openType(core, 'thing');
  await fill(core, things);
  const most = watch(core);
  await write(core, (tx) => core.leases.delete(tx, 'large'));
  expect(links(core)).toEqual([MANY - 250, MANY - 250, 1]);
  core.metadata.read('state', (tx) => {
    expect(core.leases.get(tx, 'large')).toBeUndefined();
    expect(protectionOf(tx, { type: 'thing', key: `k${MANY - 1}` }, 0)).toBe('none');
    expect(findDisagreements(tx)).toEqual([]);
  });
  await core.gc.run({ signal });
  expect([links(core), names(core)]).toEqual([[0, 0, 0], []]);
  expect(most()).toBe(250);
});

test('one that runs out does too', async () => {
  const context = testContext();
  await using core = await startCore({ context });
  using things = openType(core, 'thing');
  await fill(core, things, 60_000);
  const most = watch(core);
  await context.clock.advance(60_000);
  await core.gc.run({ signal });
  expect([links(core), names(core)]).toEqual([[0, 0, 0], []]);
  expect(most()).toBe(250);
  expect(Array.from(core.events.history({ topics: ['/leases/deleted'] }), ({ data }) => data)).toEqual([
    { id: 'large', store: 'state', reason: 'expired' },
  ]);
});

test('who waits for the collection waits for everything that it kept', async () => {
  await using core = await startCore({ context: testContext() });
  using things = openType(core, 'thing');
  await fill(core, things);
  const most = watch(core);
  await core.leases.deleteAndCollect('large', { store: 'state', signal });
  expect([links(core), names(core)]).toEqual([[0, 0, 0], []]);
  expect(most()).toBe(250);
});

test('another lease of its id protects nothing of what it did', async () => {
  await using core = await startCore({ context: testContext() });
  using things = openType(core, 'thing');
  await fill(core, things);
  await write(core, (tx) => core.leases.delete(tx, 'large'));
  const { resources: none } = await write(core, (tx) => core.leases.create(tx, { id: 'large' }));
  expect([none, links(core)]).toEqual([[], [0, 0, 0]]);
});
