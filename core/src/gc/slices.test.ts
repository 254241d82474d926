import { describe, expect, test } from 'vitest';
import { systemContext } from '../context/index.ts';
import { defineCollection, type Metadata, type Transaction } from '../metadata/store.ts';
import { testContext } from '../testing/context.ts';
import { startCore, type TestCore } from '../testing/core.ts';
import { withWrite } from '../testing/doubles/faults.ts';
import { emptyCollector, names, openType, ROOTED, signal, write } from '../testing/garbage.fixture.ts';
import { decidingSlices } from './collection.ts';
import { expireLeases } from './expired-leases.ts';
import { Pace } from './pace.ts';

/** Of a type whose scan is slow enough for others to write in the middle of it. */
const cards = defineCollection<string>('state', 'test_cards');
const turn = () => new Promise((resolve) => setImmediate(resolve));

describe('slices', () => {
  test('a slice ends by its time, and what it took is told without the rests', async () => {
    let now = 0;
    const pace = new Pace({ clock: { monotonic: () => now }, sliceMs: 5, signal });
    let slices = 1;
    for (let unit = 0; unit < 100; unit++) {
      now += 0.25;
      if (!pace.isOver()) continue;
      slices++;
      const rest = pace.rest();
      now += 50;
      await rest;
    }
    expect([slices, pace.busyMs, pace.longestMs]).toEqual([5, 25, 6]);
  });

  test('the commits that delete leases are no work of a slice', async () => {
    await using core = await startCore({ context: testContext() });
    const { expiresAt = '' } = await write(core, (tx) => core.leases.create(tx, { expiresInMs: 1000 }));
    let now = 0;
    const pace = new Pace({ clock: { monotonic: () => now }, sliceMs: 5, signal });
    const slow: Metadata['write'] = async (...call) => {
      const result = await core.metadata.write(...call);
      now += 40;
      return result;
    };
    const metadata = withWrite(core.metadata, slow);
    const clock = { now: () => Date.parse(expiresAt) };
    const ports = { metadata, events: core.events, clock, committed: () => undefined, statistics: { expired: () => undefined } };
    await expireLeases(ports, pace, signal);
    expect(core.metadata.read('state', (tx) => [...core.leases.list(tx)])).toEqual([]);
    expect([pace.busyMs, pace.longestMs]).toEqual([0, 0]);
  });

  test('a rest ends with the reason of the stop', async () => {
    const stop = new AbortController();
    const pace = new Pace({ clock: systemContext.clock, sliceMs: 1, signal: stop.signal });
    const rest = pace.rest();
    stop.abort(new Error('stopped'));
    await expect(rest).rejects.toThrow('stopped');
  });

  test('others work between the slices of a mark of 30,000 nodes, and none of them waits for all of it', async () => {
    await using core = await startCore({ context: systemContext, gc: { startupDelayMs: 3_600_000, mutationThreshold: 0, sliceMs: 1 } });
    using things = openType(core, 'thing');
    for (let start = 0; start < 30_000; start += 1000) {
      await write(core, (tx) => {
        for (let n = start; n < start + 1000; n++) things.prepare(tx, `k${n}`, { data: {}, labels: ROOTED, committed: true });
      });
    }
    let turns = 0;
    let done = false;
    const others = (async () => {
      for (; !done; turns++) await turn();
    })();
    const { kept } = await core.gc.run({ signal });
    done = true;
    await others;
    const { nodes, markMs, longestSliceMs } = core.gc.status().statistics;
    expect([kept, nodes]).toEqual([30_000, 30_000]);
    expect(turns).toBeGreaterThan(20);
    expect(longestSliceMs).toBeLessThan(markMs / 3);
  }, 60_000);
});

describe('writes while a mark is on', () => {
  test('the mark sees one moment; what is taken up meanwhile is not swept, what is given up goes by the next run', async () => {
    const context = testContext();
    await using core = await startCore({ context });
    using things = openType(core, 'thing');
    using _cards = core.gc.register({ ...emptyCollector('card'), refersTo: [], keys: (tx) => tx.keys(cards), isRoot: () => true });
    await write(core, (tx) => {
      for (let n = 0; n < 20_000; n++) tx.put(cards, `c${n}`, '');
      things.make(tx, 'rooted', { labels: ROOTED });
      things.make(tx, 'rescued');
      things.make(tx, 'referred');
      things.make(tx, 'garbage');
    });
    const run = core.gc.run({ signal });
    await turn();
    await write(core, (tx) => {
      things.update(tx, 'rescued', { labels: ROOTED });
      things.update(tx, 'rooted', { labels: { 'gc.root': '' } });
      things.make(tx, 'child', { parents: ['thing/referred'], labels: ROOTED });
      things.make(tx, 'new');
    });
    expect((await run).removed.map(({ key }) => key)).toEqual(['garbage']);
    expect(names(core)).toEqual(['thing/child', 'thing/new', 'thing/referred', 'thing/rescued', 'thing/rooted']);
    const later = async () => {
      await context.clock.advance(1000);
      return names(core);
    };
    await expect.poll(later).toEqual(['thing/child', 'thing/referred', 'thing/rescued']);
  });

  test('garbage under an old name that is made anew meanwhile is not taken for the old one', async () => {
    await using core = await startCore({ context: testContext() });
    using things = openType(core, 'thing');
    using _cards = core.gc.register({ ...emptyCollector('card'), refersTo: [], keys: (tx) => tx.keys(cards), isRoot: () => true });
    await write(core, (tx) => {
      for (let n = 0; n < 20_000; n++) tx.put(cards, `c${n}`, '');
      things.make(tx, 'a');
    });
    const run = core.gc.run({ signal });
    await turn();
    await write(core, (tx) => {
      things.remove(tx, 'a');
      things.make(tx, 'a', { labels: ROOTED });
    });
    await run;
    expect(names(core)).toEqual(['thing/a']);
  });

  test('what a type leaves behind is found though another type goes in the middle of the mark', async () => {
    await using core = await startCore({ context: testContext() });
    const leaving = core.gc.register({ ...emptyCollector('leaving'), refersTo: [] });
    using things = openType(core, 'thing');
    const last = { ...emptyCollector('last'), refersTo: [], isRoot: () => true };
    using _last = core.gc.register({
      ...last,
      *keys() {
        leaving[Symbol.dispose]();
        yield 'one';
      },
    });
    await write(core, (tx) => things.make(tx, 'garbage'));
    expect((await core.gc.run({ signal })).removed).toMatchObject([{ type: 'thing', key: 'garbage' }]);
  });

  test('runs that are asked for at once follow one another', async () => {
    await using core = await startCore({ context: testContext() });
    let scanning = 0;
    let most = 0;
    using _cards = core.gc.register({
      ...emptyCollector('card'),
      *keys() {
        most = Math.max(most, ++scanning);
        for (let n = 0; n < 20_000; n++) yield `c${n}`;
        scanning--;
      },
      isRoot: () => true,
    });
    await Promise.all([core.gc.run({ signal }), core.gc.run({ signal }), core.gc.run({ signal })]);
    expect([most, scanning, core.gc.status().statistics.cycles]).toEqual([1, 0, 3]);
  });

  test('a long chain goes in bounded transactions, without recursion', async () => {
    await using core = await startCore({ context: testContext() });
    const chain = core.snapshots.open({ type: 'chain', store: 'state' });
    await write(core, (tx) => {
      for (let n = 0; n < 3000; n++)
        chain.prepare(tx, `k${String(n).padStart(5, '0')}`, {
          data: {},
          parents: n === 0 ? [] : [`chain/k${String(n - 1).padStart(5, '0')}`],
          committed: true,
        });
    });
    expect((await core.gc.run({ signal })).removed).toHaveLength(3000);
    chain[Symbol.dispose]();
  });

  test('what a long chain keeps alive is asked without recursion', async () => {
    await using core = await startCore({ context: testContext() });
    using chain = core.snapshots.open({ type: 'chain', store: 'state' });
    await write(core, (tx) => {
      for (let n = 0; n < 3000; n++)
        chain.prepare(tx, `k${n}`, {
          data: {},
          parents: n === 0 ? [] : [`chain/k${n - 1}`],
          committed: true,
          ...(n === 2999 ? { labels: ROOTED } : {}),
        });
    });
    await core.gc.collect({ type: 'chain', key: 'k0' }, { signal });
    expect(names(core)).toHaveLength(3000);
  });
});

test('what only a node kept goes in the transaction that finishes it, however long that takes already', async () => {
  const context = testContext();
  // Each look at the clock finds that a second has passed: every budget is used up at once.
  let elapsed = 0;
  const clock = { ...context.clock, now: () => context.clock.now(), monotonic: () => (elapsed += 1000) };
  await using core = await startCore({ context: { ...context, clock } });
  using parents = openType(core, 'parent');
  const claims = core.snapshots.open({ type: 'held', store: 'state' });
  const children = core.snapshots.open({ type: 'child', store: 'state', cleanup: async () => {} });
  await write(core, (tx) => {
    for (const key of ['v4', 'v6']) claims.prepare(tx, key, { data: {}, committed: true });
    parents.make(tx, 'slow');
    children.prepare(tx, 'pod', { data: {}, parents: ['held/v4', 'held/v6', 'parent/slow'], committed: true });
  });
  const seen: (readonly string[])[] = [];
  using _commits = core.metadata.onCommit(() => void seen.push(names(core)));
  await core.gc.collect({ type: 'child', key: 'pod' }, { signal });
  expect(seen.find((left) => !left.includes('child/pod'))).toEqual(['parent/slow']);
  claims[Symbol.dispose]();
  children[Symbol.dispose]();
});

/** Garbage of which the transactions that condemn it are counted. `spend` is told of each node, in its transaction. */
async function batchesOf(core: TestCore, nodes: number, spend: (tx: Transaction) => void): Promise<readonly number[]> {
  const batches = new Map<object, number>();
  using _cards = core.gc.register({
    ...emptyCollector('card'),
    refersTo: [],
    keys: (tx) => tx.keys(cards),
    condemn(tx) {
      batches.set(tx.whole, (batches.get(tx.whole) ?? 0) + 1);
      spend(tx);
    },
    finish: (tx, key) => void tx.delete(cards, key),
  });
  await write(core, (tx) => {
    for (let n = 0; n < nodes; n++) tx.put(cards, `c${n}`, '');
  });
  expect((await core.gc.run({ signal })).removed).toHaveLength(nodes);
  expect(core.metadata.read('state', (tx) => [...tx.keys(cards)])).toEqual([]);
  return [...batches.values()];
}

test('a run takes all garbage that it has found, also where each transaction has no time left at once', async () => {
  const context = testContext();
  let elapsed = 0;
  const clock = { ...context.clock, now: () => context.clock.now(), monotonic: () => (elapsed += 1000) };
  await using core = await startCore({ context: { ...context, clock } });
  expect(await batchesOf(core, 100, () => {})).toEqual([32, 32, 32, 4]);
});

test('a transaction decides for a slice, the first of a sweep for two, and each by what writing took', async () => {
  const context = testContext();
  let elapsed = 0;
  const clock = { ...context.clock, now: () => context.clock.now(), monotonic: () => elapsed };
  await using core = await startCore({ context: { ...context, clock }, gc: { sliceMs: 25 } });
  expect(await batchesOf(core, 150, () => void elapsed++)).toEqual([50, 32, 32, 32, 4]);
  const slowly = (writing: number) => (tx: Transaction) => {
    elapsed++;
    tx.afterCommit(() => (elapsed += writing));
  };
  expect(await batchesOf(core, 150, slowly(2))).toEqual([50, 32, 49, 19]);
  expect(await batchesOf(core, 300, slowly(1_000))).toEqual([50, 100, 100, 50]);
});

test.each([
  [1, 0, 1],
  [2, 0, 2],
  [1, 2, 2],
  [2, 1, 2],
  [1, 3, 1.5],
  [2, 4, 1],
  [1, 8, 1],
  [1, 9, 4],
  [1, 100, 4],
])(
  'of %d slices, where writing took %d: %d, so that both are no more than a writer may wait where the disk lets it',
  (slices, writing, decides) => {
    expect(decidingSlices(slices, writing)).toBe(decides);
  },
);
