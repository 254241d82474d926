import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { defineCollection } from '../metadata/store.ts';
import { testContext } from '../testing/context.ts';
import { startCore, type TestCore } from '../testing/core.ts';
import { emptyCollector, fail, names, openType, ROOTED, signal, write } from '../testing/garbage.fixture.ts';

const cards = defineCollection<string>('state', 'test_cards');
/** A type of records that refer to what their value names. */
const cardCollector = (refersTo?: readonly string[]) => ({
  ...emptyCollector('card'),
  ...(refersTo === undefined ? {} : { refersTo }),
  keys: (tx: Parameters<ReturnType<typeof emptyCollector>['keys']>[0]) => tx.keys(cards),
  isRoot: () => true,
  references: (tx: Parameters<ReturnType<typeof emptyCollector>['keys']>[0], key: string) => [
    { type: 'thing', key: tx.get(cards, key) ?? '' },
  ],
});

describe('fails closed', () => {
  let folder = '';
  beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'hawser-gc-'))));
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  /** A store that an agent with the plugin of cards has left behind: one card, one thing that it keeps, one of another type. */
  async function leftBehind(refersTo?: readonly string[]): Promise<void> {
    await using core = await startCore({ context: testContext(), folder });
    using _cards = core.gc.register(cardCollector(refersTo));
    using things = openType(core, 'thing');
    using others = openType(core, 'other');
    await write(core, (tx) => {
      tx.put(cards, 'c', 'kept');
      things.make(tx, 'kept');
      others.make(tx, 'o');
    });
  }

  async function collected(core: TestCore): Promise<readonly string[]> {
    using _things = openType(core, 'thing');
    using _others = openType(core, 'other');
    await core.gc.run({ signal });
    await core.gc.collect({ type: 'thing', key: 'kept' }, { signal });
    return names(core);
  }

  test('a type that the store has and no plugin collects: nothing that it could refer to is swept', async () => {
    await leftBehind();
    await using core = await startCore({ context: testContext(), folder });
    expect(core.gc.status().absentTypes).toEqual([{ type: 'card', store: 'state' }]);
    expect(await collected(core)).toEqual(['other/o', 'thing/kept']);
  });

  test('one that tells what it may refer to holds back nothing else', async () => {
    await leftBehind(['thing']);
    await using core = await startCore({ context: testContext(), folder });
    expect(await collected(core)).toEqual(['thing/kept']);
  });

  test('when its plugin is back, or will never come back, collection goes on', async () => {
    await leftBehind();
    {
      await using core = await startCore({ context: testContext(), folder });
      using _cards = core.gc.register(cardCollector());
      expect(await collected(core)).toEqual(['thing/kept']);
      expect(await core.gc.forget('card')).toBe(false);
    }
    await using core = await startCore({ context: testContext(), folder });
    expect(await core.gc.forget('card')).toBe(true);
    expect(core.gc.status().absentTypes).toEqual([]);
    expect(await collected(core)).toEqual([]);
  });

  test('a collector that fails in the middle of its answers: nothing is swept, in no namespace', async () => {
    await using core = await startCore({ context: testContext() });
    using things = openType(core, 'thing');
    let broken = true;
    using _cards = core.gc.register({
      ...emptyCollector('card'),
      *keys() {
        yield 'one';
        if (broken) fail();
      },
      isRoot: () => true,
    });
    await write(core, (tx) => things.make(tx, 'a'));
    await core.namespaces.create('blue');
    await core.metadata.write('state', (tx) => things.make(tx, 'b'), { namespace: 'blue' });
    await expect(core.gc.run({ signal })).rejects.toMatchObject({ code: 'gc.collector_failed' });
    expect(names(core)).toEqual(['thing/a']);
    expect(core.gc.status()).toMatchObject({ statistics: { failures: 1, cycles: 0 }, lastError: expect.stringContaining('card') });
    broken = false;
    expect((await core.gc.run({ signal })).removed).toHaveLength(2);
    expect(core.gc.status().lastError).toBeUndefined();
  });
});

describe('namespaces', () => {
  const inBlue = { namespace: 'blue' };
  const inBlueNames = (core: TestCore) =>
    core.metadata.read('state', (tx) => Array.from(core.snapshots.list(tx), ({ key }) => key), inBlue);

  test('are collected each for itself: nothing in one keeps or frees anything in another', async () => {
    await using core = await startCore({ context: testContext() });
    const cleaned: string[] = [];
    using things = core.snapshots.open({
      type: 'thing',
      store: 'state',
      cleanup: async ({ namespace, key }) => void cleaned.push(`${namespace} ${key}`),
    });
    const make = (namespace: string, key: string, labels: Record<string, string> = {}) =>
      core.metadata.write('state', (tx) => things.prepare(tx, key, { data: {}, labels, committed: true }), { namespace });
    await core.namespaces.create('blue');
    await make('default', 'a', { ...ROOTED, 'gc.ref.thing': 'b' });
    await make('default', 'b');
    await make('blue', 'a');
    await make('blue', 'b', ROOTED);
    await make('blue', 'c');
    const { removed, kept } = await core.gc.run({ signal });
    expect(removed.map(({ namespace, key }) => `${namespace} ${key}`).toSorted()).toEqual(['blue a', 'blue c']);
    expect([kept, cleaned.toSorted(), names(core), inBlueNames(core)]).toEqual([3, ['blue a', 'blue c'], ['thing/a', 'thing/b'], ['b']]);
  });

  test('one node of one namespace is collected, and waited for, alone; what is condemned tells where', async () => {
    await using core = await startCore({ context: testContext() });
    const gate = Promise.withResolvers<void>();
    using things = openType(core, 'thing', () => gate.promise);
    await write(core, (tx) => things.make(tx, 'a'));
    await core.namespaces.create('blue');
    await core.metadata.write('state', (tx) => things.make(tx, 'a'), inBlue);
    const collected = core.gc.collect({ type: 'thing', key: 'a' }, { signal, ...inBlue });
    await expect
      .poll(() => core.gc.status().condemned)
      .toMatchObject([{ namespace: 'blue', type: 'thing', key: 'a', state: 'running', attempts: 0 }]);
    gate.resolve();
    await collected;
    expect([names(core), inBlueNames(core)]).toEqual([['thing/a'], []]);
  });

  test('leases of every namespace run out', async () => {
    const context = testContext();
    await using core = await startCore({ context });
    using things = openType(core, 'thing');
    await core.namespaces.create('blue');
    await core.metadata.write('state', (tx) => things.make(tx, 'a', { lease: core.leases.create(tx, { expiresInMs: 60_000 }).id }), inBlue);
    await context.clock.advance(59_000);
    expect(inBlueNames(core)).toEqual(['a']);
    await context.clock.advance(2000);
    expect(inBlueNames(core)).toEqual([]);
    expect(core.metadata.read('state', (tx) => [...core.leases.list(tx)], inBlue)).toEqual([]);
  });
});

describe('what is young', () => {
  test('is left alone by a background collection until its time is over, and collected then without a further call', async () => {
    const context = testContext();
    await using core = await startCore({ context, gc: { protectMs: 5000 } });
    using things = openType(core, 'thing');
    await context.clock.advance(1000);
    await write(core, (tx) => {
      things.make(tx, 'base');
      things.make(tx, 'young', { parents: ['thing/base'] });
      core.gc.trigger(tx);
    });
    await context.clock.advance(4500);
    expect(names(core)).toEqual(['thing/base', 'thing/young']);
    await context.clock.advance(1000);
    expect(names(core)).toEqual([]);
  });

  test('goes at once when it is asked for by name, condemned on purpose, or collected by hand', async () => {
    await using core = await startCore({ context: testContext(), gc: { protectMs: 3_600_000 } });
    using things = openType(core, 'thing');
    await write(core, (tx) => ['a', 'b', 'c'].forEach((key) => things.make(tx, key)));
    await core.gc.collect({ type: 'thing', key: 'a' }, { signal });
    await write(core, (tx) => core.gc.condemn(tx, { type: 'thing', key: 'b' }));
    await core.gc.finished({ type: 'thing', key: 'b' }, { signal });
    expect(names(core)).toEqual(['thing/c']);
    await core.gc.run({ signal });
    expect(names(core)).toEqual([]);
  });

  test('a clock that is set back makes nothing young for ever', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'hawser-gc-'));
    try {
      {
        await using core = await startCore({ context: testContext({ start: Date.UTC(2030, 0, 1) }), folder });
        using things = openType(core, 'thing');
        await write(core, (tx) => things.make(tx, 'a'));
      }
      const context = testContext({ start: Date.UTC(2026, 0, 1) });
      await using core = await startCore({ context, folder });
      using _things = openType(core, 'thing');
      await context.clock.advance(1000);
      expect(names(core)).toEqual([]);
    } finally {
      rmSync(folder, { recursive: true });
    }
  });
});
