import { describe, expect, test } from 'vitest';
import { type Metrics, silentMetrics } from '../telemetry/metrics.ts';
import { testContext } from '../testing/context.ts';
import { startCore } from '../testing/core.ts';
import { countedMetrics } from '../testing/counted.ts';
import { openType, ROOTED, signal, write } from '../testing/garbage.fixture.ts';
import { Lane } from './lane.ts';
import { Statistics } from './statistics.ts';

describe('a dry run', () => {
  test('explains each victim by the paths that could keep it, and where each is broken', async () => {
    const context = testContext();
    await using core = await startCore({ context });
    using things = openType(core, 'thing');
    const passed = new Date(context.clock.now() + 1000).toISOString();
    await write(core, (tx) => {
      const lease = core.leases.create(tx, { id: 'short', expiresInMs: 1000 });
      things.make(tx, 'leased', { lease: lease.id });
      things.make(tx, 'dated', { labels: { 'gc.expire': passed } });
      things.make(tx, 'base');
      things.make(tx, 'one', { parents: ['thing/base'] });
      things.make(tx, 'two', { parents: ['thing/base', 'thing/one'] });
      things.make(tx, 'labelled', { labels: { 'gc.bref.thing': 'dated' } });
      things.make(tx, 'live', { labels: ROOTED });
      // Not yet collected although its time is over: the clock stands still for the scheduler.
    });
    const now = context.clock.now.bind(context.clock);
    Object.assign(context.clock, { now: () => now() + 2000 });
    const { removed, kept } = await core.gc.run({ signal, dryRun: true });
    expect(kept).toBe(1);
    expect(Object.fromEntries(removed.map(({ key, reason }) => [key, reason]))).toEqual({
      leased: `no root, its lease short expired at ${passed}, nothing refers to it`,
      dated: `its root expired at ${passed}, no lease, nothing refers to it`,
      base: expect.stringMatching(
        /^no root, no lease, only thing\/one \(and 1 more that are garbage too\) refers to it, which is garbage itself: no root, no lease, only thing\/two refers to it, which is garbage itself: no root, no lease, nothing refers to it$/,
      ),
      one: 'no root, no lease, only thing/two refers to it, which is garbage itself: no root, no lease, nothing refers to it',
      two: 'no root, no lease, nothing refers to it',
      labelled: `no root, no lease, only thing/dated refers to it, which is garbage itself: its root expired at ${passed}, no lease, nothing refers to it`,
    });
    expect(core.metadata.read('state', (tx) => [...core.snapshots.list(tx)])).toHaveLength(7);
  });
});

test('many dry runs at once are each answered, and disturb no collection', async () => {
  await using core = await startCore({ context: testContext() });
  using things = openType(core, 'thing');
  await write(core, (tx) => Array.from({ length: 500 }, (_, n) => things.make(tx, `k${n}`)));
  const dry = Array.from({ length: 20 }, () => core.gc.run({ signal, dryRun: true }));
  const run = core.gc.run({ signal });
  for (const { removed } of await Promise.all(dry)) expect(removed).toHaveLength(500);
  expect((await run).removed).toHaveLength(500);
});

describe('statistics', () => {
  test('cycles, what was removed by type, failed clean-ups, and the event of a run that changed something', async () => {
    await using core = await startCore({ context: testContext() });
    let failing = true;
    using things = openType(core, 'thing', async (key) => {
      if (key === 'bad' && failing) throw new Error('busy');
    });
    using others = openType(core, 'other');
    await write(core, (tx) => {
      things.make(tx, 'a');
      things.make(tx, 'bad');
      others.make(tx, 'b', { labels: ROOTED });
    });
    await core.gc.run({ signal });
    await core.gc.run({ signal });
    failing = false;
    await core.gc.run({ signal });
    await core.gc.run({ signal });
    expect(core.gc.status().statistics).toMatchObject({ cycles: 4, failures: 0, removed: { thing: 2 }, cleanupFailures: 2, nodes: 1 });
    const told = Array.from(core.events.history({ topics: ['/gc/collected'] }), ({ data }) => data);
    expect(told).toMatchObject([
      { removed: { thing: 1 }, failed: { thing: 1 }, kept: 1 },
      { removed: {}, failed: { thing: 1 }, kept: 1 },
      { removed: { thing: 1 }, failed: {}, kept: 1 },
    ]);
  });

  test('are metrics too', () => {
    const recorded: [string, number, unknown][] = [];
    const record = ({ name }: { readonly name: string }) => ({
      add: (amount = 1, labels?: unknown) => void recorded.push([name, amount, labels]),
      set: () => undefined,
      clear: () => undefined,
      observe: (value: number) => void recorded.push([name, value, undefined]),
    });
    const metrics: Metrics = {
      ...silentMetrics,
      counter: record,
      gauge: record,
      histogram: record,
    };
    const statistics = new Statistics(metrics);
    statistics.marked({ nodes: 3, busyMs: 20, longestMs: 2 });
    statistics.failed();
    statistics.removed([{ namespace: 'default', type: 'thing', key: 'a' }]);
    statistics.cleanupFailed('thing');
    expect(recorded).toEqual([
      ['hawser_gc_cycles_total', 1, { outcome: 'ok' }],
      ['hawser_gc_mark_seconds', 0.02, undefined],
      ['hawser_gc_longest_slice_seconds', 0.002, undefined],
      ['hawser_gc_cycles_total', 1, { outcome: 'failed' }],
      ['hawser_gc_removed_total', 1, { type: 'thing' }],
      ['hawser_gc_cleanup_failures_total', 1, { type: 'thing' }],
    ]);
  });
});

test('a lease that expires is counted beside those that callers delete', async () => {
  const context = testContext();
  const metrics = countedMetrics();
  await using core = await startCore({ context, metrics });
  await write(core, (tx) => {
    for (const id of ['short', 'too']) core.leases.create(tx, { id, expiresInMs: 1_000 });
    core.leases.create(tx, { id: 'long' });
  });
  await context.clock.advance(2_000);
  await core.gc.run({ signal });
  await write(core, (tx) => core.leases.delete(tx, 'long'));
  const changes = ['created', 'expired', 'deleted'].map((change) => metrics.values.get(`hawser_leases_changes_total{change="${change}"}`));
  expect(changes).toEqual([3, 2, 1]);
});

describe('turns of clean-ups', () => {
  test('a type that is stuck holds up no other, and nobody who waits for one of its own nodes', async () => {
    const context = testContext();
    await using core = await startCore({ context, gc: { cleanupsAtOnce: 2 } });
    const gate = Promise.withResolvers<void>();
    const begun: string[] = [];
    using stuck = openType(core, 'stuck', async (key) => {
      begun.push(key);
      if (key !== 'asked') await gate.promise;
    });
    using things = openType(core, 'thing');
    await write(core, (tx) => {
      for (const key of ['a', 'b', 'c', 'd']) stuck.make(tx, key);
      stuck.make(tx, 'z');
      things.make(tx, 'free');
    });
    const run = core.gc.run({ signal });
    await expect.poll(() => core.gc.status().condemned.length).toBe(5);
    expect(begun).toHaveLength(2);
    await core.gc.collect({ type: 'thing', key: 'free' }, { signal });
    await write(core, (tx) => stuck.make(tx, 'asked'));
    await core.gc.collect({ type: 'stuck', key: 'asked' }, { signal });
    expect(
      core.gc
        .status()
        .condemned.map(({ state }) => state)
        .toSorted(),
    ).toEqual(['running', 'running', 'waiting', 'waiting', 'waiting']);
    gate.resolve();
    await run;
    expect(begun).toHaveLength(6);
  });

  test('a lane gives its places in order; who gives up takes none', async () => {
    const lane = new Lane(1);
    const stop = new AbortController();
    const order: string[] = [];
    const first = await lane.enter(signal);
    const second = lane.enter(stop.signal).then(
      () => order.push('second'),
      () => order.push('left'),
    );
    const third = lane.enter(signal).then((place) => (order.push('third'), place));
    stop.abort();
    first[Symbol.dispose]();
    first[Symbol.dispose]();
    await second;
    (await third)[Symbol.dispose]();
    (await lane.enter(signal))[Symbol.dispose]();
    expect(order).toEqual(['left', 'third']);
  });
});
