import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { defineCollection } from '../metadata/store.ts';
import { startCore } from '../testing/core.ts';
import { testContext } from '../testing/context.ts';
import { emptyCollector, fail, names, openType, ROOTED, signal, write } from '../testing/garbage.fixture.ts';

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
      'middle: no root, no lease, only thing/top refers to it, which is garbage itself: no root, no lease, nothing refers to it',
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

  test.each(['condemn', 'finish'] as const)('one whose %s is asynchronous fails it too, and harms nobody', async (method) => {
    await using core = await startCore({ context: testContext() });
    const asynchronous = { ...emptyCollector('late'), keys: () => ['a'], [method]: () => Promise.reject(new Error('late')) };
    using _late = core.gc.register(asynchronous);
    await expect(core.gc.run({ signal })).rejects.toMatchObject({
      code: 'gc.collector_failed',
      message: expect.stringContaining('it returned a promise, in a transaction'),
    });
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
