import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { defineCollection, type Transaction } from '../metadata/store.ts';
import { startCore, type TestCore } from '../testing/core.ts';
import { testContext } from '../testing/context.ts';
import type { Collector, Node } from './gc.ts';

const signal = new AbortController().signal;
const ROOTED = { 'gc.root': 'yes' };

/** A type of snapshots whose clean-ups a test holds. */
function openType(
  core: TestCore,
  type: string,
  cleanup: (key: string, signal: AbortSignal) => Promise<void | { settled: Promise<void> }> = async () => {},
) {
  const snapshotter = core.snapshots.open({ type, store: 'state', cleanup: (snapshot, abort) => cleanup(snapshot.key, abort) });
  const make = (
    tx: Transaction,
    key: string,
    options: { parents?: readonly string[]; labels?: Record<string, string>; lease?: string } = {},
  ) => {
    snapshotter.prepare(tx, key, { data: {}, ...options });
    snapshotter.commit(tx, key);
  };
  return Object.assign(snapshotter, { make });
}

const names = (core: TestCore) =>
  core.metadata.read('state', (tx) => Array.from(core.snapshots.list(tx), ({ type, key }) => `${type}/${key}`));
const write = <T>(core: TestCore, fn: (tx: Transaction) => T) => core.metadata.write('state', fn);
const condemned = (core: TestCore) => core.gc.status().condemned.map(({ type, key }) => `${type}/${key}`);

describe('what lives', () => {
  test('roots, leased ones and what they stand on live; the rest goes, children before parents', async () => {
    await using core = await startCore({ context: testContext() });
    const order: string[] = [];
    using things = openType(core, 'thing', async (key) => void order.push(key));
    await write(core, (tx) => {
      const lease = core.leases.create(tx, { expiresInMs: 1000 });
      things.make(tx, 'base');
      things.make(tx, 'root', { parents: ['thing/base'], labels: ROOTED });
      things.make(tx, 'leased', { lease: lease.id });
      things.make(tx, 'bottom');
      things.make(tx, 'middle', { parents: ['thing/bottom'] });
      things.make(tx, 'top', { parents: ['thing/middle'] });
      things.make(tx, 'dated', { labels: { 'gc.expire': 'no date at all' } });
    });
    const plan = await core.gc.run({ signal, dryRun: true });
    expect(plan.removed.map(({ key, reason }) => `${key}: ${reason}`)).toContain(
      'middle: it has no root and no lease, and what refers to it goes too: thing/top',
    );
    expect(names(core)).toHaveLength(7);
    const report = await core.gc.run({ signal });
    expect(report.removed.map(({ key }) => key).sort()).toEqual(['bottom', 'middle', 'top']);
    expect(order).toEqual(['top', 'middle', 'bottom']);
    expect(names(core)).toEqual(['thing/base', 'thing/dated', 'thing/leased', 'thing/root']);
  });

  test('a run comes by itself when a lease or a root expires', async () => {
    const context = testContext();
    await using core = await startCore({ context });
    using things = openType(core, 'thing');
    await context.clock.advance(1000);
    await write(core, (tx) => {
      things.make(tx, 'leased', { lease: core.leases.create(tx, { expiresInMs: 60_000 }).id });
      things.make(tx, 'dated', { labels: { 'gc.expire': new Date(context.clock.now() + 90_000).toISOString() } });
    });
    await context.clock.advance(59_999);
    expect(names(core)).toHaveLength(2);
    await context.clock.advance(100);
    expect(names(core)).toEqual(['thing/dated']);
    expect(core.metadata.read('state', (tx) => [...core.leases.list(tx)])).toEqual([]);
    await context.clock.advance(30_000);
    expect(names(core)).toEqual([]);
  });

  test('what a type stands on that no plugin has opened is not swept', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hawser-gc-'));
    try {
      {
        await using core = await startCore({ context: testContext(), folder });
        using below = openType(core, 'below');
        using above = openType(core, 'above');
        await write(core, (tx) => {
          below.make(tx, 'b');
          above.make(tx, 'a', { parents: ['below/b'], labels: ROOTED });
        });
      }
      await using core = await startCore({ context: testContext(), folder });
      using _below = openType(core, 'below');
      expect(await core.gc.run({ signal })).toMatchObject({ removed: [], kept: 1 });
      using _above = openType(core, 'above');
      expect(await core.gc.run({ signal })).toMatchObject({ removed: [], kept: 2 });
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('a collector that fails makes the whole collection fail: nothing is swept, and it is tried again', async () => {
    const context = testContext();
    await using core = await startCore({ context });
    using things = openType(core, 'thing');
    let broken = true;
    using _broken = core.gc.register({ ...emptyCollector('broken'), keys: () => (broken ? fail() : []) });
    await write(core, (tx) => things.make(tx, 'a'));
    await expect(core.gc.run({ signal })).rejects.toMatchObject({ code: 'gc.collector_failed' });
    await context.clock.advance(150);
    expect(names(core)).toEqual(['thing/a']);
    expect(core.gc.status().lastError).toContain('broken');
    broken = false;
    await context.clock.advance(5000);
    expect(names(core)).toEqual([]);
    expect(core.gc.status().lastError).toBeUndefined();
  });

  test('nodes of both stores: the referrer in state goes before the referent in root', async () => {
    await using core = await startCore({ context: testContext() });
    const deleted: string[] = [];
    const intents = defineCollection<string>('root', 'test_intents');
    using _intents = core.gc.register({
      ...emptyCollector('intent'),
      store: 'root',
      keys: (tx) => Array.from(tx.entries(intents), ([key]) => key),
      finish: (tx, key) => void (tx.delete(intents, key) && deleted.push(key)),
    });
    const links = defineCollection<string>('state', 'test_links');
    using _links = core.gc.register({
      ...emptyCollector('link'),
      keys: (tx) => Array.from(tx.entries(links), ([key]) => key),
      references: (tx, key) => [{ type: 'intent', key: tx.get(links, key) ?? '' }],
      finish: (tx, key) => void (tx.delete(links, key) && deleted.push(key)),
    });
    await core.metadata.write('root', (tx) => tx.put(intents, 'eni', ''));
    await write(core, (tx) => tx.put(links, 'link', 'eni'));
    await core.gc.run({ signal });
    await core.gc.run({ signal });
    expect(deleted).toEqual(['link', 'eni']);
  });

  test('resources in a circle are told, not swept and not waited for', async () => {
    await using core = await startCore({ context: testContext() });
    const others: Record<string, string> = { a: 'b', b: 'a' };
    using _ring = core.gc.register({
      ...emptyCollector('ring'),
      keys: () => ['a', 'b'],
      references: (_tx, key) => [{ type: 'ring', key: others[key] ?? '' }],
    });
    const { failed, removed } = await core.gc.run({ signal });
    expect([failed.length, removed]).toEqual([2, []]);
    await expect(core.gc.collect({ type: 'ring', key: 'a' }, { signal })).rejects.toMatchObject({ code: 'gc.cycle' });
  });
});

describe('clean-ups', () => {
  test('one that fails does not stop the rest, and is tried again with back-off until it succeeds', async () => {
    const context = testContext();
    await using core = await startCore({ context });
    let failures = 2;
    using things = openType(core, 'thing', async (key) => {
      if (key === 'bad' && failures-- > 0) throw new Error('stuck link');
    });
    await write(core, (tx) => ['bad', 'good'].forEach((key) => things.make(tx, key)));
    const report = await core.gc.run({ signal });
    expect(report).toMatchObject({ removed: [{ key: 'good' }], failed: [{ key: 'bad', error: 'stuck link' }] });
    expect(core.gc.status().condemned).toMatchObject([{ key: 'bad', attempts: 1, lastError: 'stuck link' }]);
    await context.clock.advance(999);
    expect(failures).toBe(1);
    await context.clock.advance(1);
    expect(failures).toBe(0);
    await context.clock.advance(2000);
    expect(names(core)).toEqual([]);
    expect(condemned(core)).toEqual([]);
    expect(Array.from(core.events.history({ topics: ['/gc/failed'] }))).toHaveLength(2);
  });

  test('one that hangs past its deadline fails its caller, holds up nobody else, and counts when it ends after all', async () => {
    const context = testContext();
    await using core = await startCore({ context });
    const hanging = Promise.withResolvers<void>();
    let told = false;
    using things = openType(core, 'thing', async (key, abort) => {
      abort.addEventListener('abort', () => (told = true));
      if (key === 'hangs') await hanging.promise;
    });
    await write(core, (tx) => things.make(tx, 'hangs'));
    const collected = core.gc.collect({ type: 'thing', key: 'hangs' }, { signal });
    await expect(context.clock.runUntil(collected)).rejects.toMatchObject({ code: 'gc.cleanup_timed_out' });
    expect(told).toBe(true);
    await write(core, (tx) => things.make(tx, 'other'));
    await core.gc.collect({ type: 'thing', key: 'other' }, { signal });
    expect(names(core)).toEqual(['thing/hangs']);
    hanging.resolve();
    await core.gc.finished({ type: 'thing', key: 'hangs' }, { signal });
    expect(names(core)).toEqual([]);
  });

  test('a caller may leave; the work goes on', async () => {
    await using core = await startCore({ context: testContext() });
    const gate = Promise.withResolvers<void>();
    using things = openType(core, 'thing', () => gate.promise);
    await write(core, (tx) => things.make(tx, 'a'));
    const caller = new AbortController();
    const collected = core.gc.collect({ type: 'thing', key: 'a' }, { signal: caller.signal });
    const ran = core.gc.run({ signal: caller.signal });
    caller.abort(new Error('gone'));
    await expect(collected).rejects.toThrow('gone');
    await expect(ran).rejects.toThrow('gone');
    gate.resolve();
    await expect.poll(() => names(core)).toEqual([]);
  });

  test('a settling clean-up answers at once and finishes when it has settled; one that fails to settle is repeated', async () => {
    const context = testContext();
    await using core = await startCore({ context });
    const first = Promise.withResolvers<void>();
    let calls = 0;
    using things = openType(core, 'thing', async () => (calls++ === 0 ? { settled: first.promise } : undefined));
    await write(core, (tx) => things.make(tx, 'a'));
    await core.gc.collect({ type: 'thing', key: 'a' }, { signal });
    expect(condemned(core)).toEqual(['thing/a']);
    await expect(write(core, (tx) => things.update(tx, 'a', { labels: ROOTED }))).rejects.toMatchObject({
      code: 'snapshots.failed_precondition',
    });
    const gone = core.gc.finished({ type: 'thing', key: 'a' }, { signal });
    first.reject(new Error('busy'));
    await context.clock.runUntil(gone);
    expect([calls, names(core)]).toEqual([2, []]);
  });

  test('a deletion during a clean-up is not forgotten', async () => {
    const context = testContext();
    await using core = await startCore({ context });
    const gate = Promise.withResolvers<void>();
    using things = openType(core, 'thing', (key) => (key === 'slow' ? gate.promise : Promise.resolve()));
    await write(core, (tx) => (things.make(tx, 'slow'), things.make(tx, 'late', { labels: ROOTED })));
    const run = core.gc.run({ signal });
    await context.clock.advance(0);
    await write(core, (tx) => things.update(tx, 'late', { labels: { 'gc.root': '' } }));
    await context.clock.advance(1000);
    expect(names(core)).toEqual(['thing/slow']);
    gate.resolve();
    await run;
    expect(names(core)).toEqual([]);
  });

  test('what a dead process condemned is cleaned up by the next one', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hawser-gc-'));
    try {
      {
        await using core = await startCore({ context: testContext(), folder });
        using things = openType(
          core,
          'thing',
          (_key, abort) => new Promise((_, reject) => abort.addEventListener('abort', () => reject(abort.reason))),
        );
        await write(core, (tx) => things.make(tx, 'a'));
        core.gc.collect({ type: 'thing', key: 'a' }, { signal }).catch(() => {});
        await expect.poll(() => condemned(core)).toEqual(['thing/a']);
      }
      const context = testContext();
      await using core = await startCore({ context, folder });
      const cleaned: string[] = [];
      using _things = openType(core, 'thing', async (key) => void cleaned.push(key));
      await context.clock.advance(200);
      expect([cleaned, names(core)]).toEqual([['a'], []]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });

  test('what is taken up again between mark and condemnation lives', async () => {
    await using core = await startCore({ context: testContext() });
    using things = openType(core, 'thing');
    await write(core, (tx) => things.make(tx, 'a'));
    const rescue = write(core, (tx) => things.update(tx, 'a', { labels: ROOTED }));
    await core.gc.run({ signal });
    await rescue;
    expect(names(core)).toEqual(['thing/a']);
  });

  test('collecting what is alive, gone or already collected is harmless', async () => {
    await using core = await startCore({ context: testContext() });
    using things = openType(core, 'thing');
    await write(core, (tx) => things.make(tx, 'a', { labels: ROOTED }));
    await core.gc.collect({ type: 'thing', key: 'a' }, { signal });
    await core.gc.collect({ type: 'thing', key: 'nothing' }, { signal });
    await core.gc.finished({ type: 'thing', key: 'a' }, { signal });
    expect(names(core)).toEqual(['thing/a']);
    await expect(core.gc.collect({ type: 'unheard', key: 'a' }, { signal })).rejects.toMatchObject({ code: 'gc.unknown_type' });
  });

  test('thousands of nodes leave no timers and no undertakings behind', async () => {
    const context = testContext();
    await using core = await startCore({ context });
    using things = openType(core, 'thing');
    await context.clock.advance(200);
    const waiting = context.clock.waiting;
    await write(core, (tx) => Array.from({ length: 2000 }, (_, n) => things.make(tx, `k${n}`)));
    expect((await core.gc.run({ signal })).removed).toHaveLength(2000);
    await context.clock.advance(20_000);
    expect(context.clock.waiting).toBeLessThanOrEqual(waiting);
    expect(core.gc.status()).toMatchObject({ running: false, condemned: [] });
  });
});

const fail = (): never => {
  throw new Error('broken');
};
const none: readonly Node[] = [];
const emptyCollector = (type: string): Collector => ({
  type,
  store: 'state',
  keys: () => [],
  isRoot: () => false,
  references: () => none,
  condemn: () => {},
  finish: () => {},
});
