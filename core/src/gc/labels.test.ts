import { describe, expect, test } from 'vitest';
import { defineCollection } from '../metadata/store.ts';
import { testContext } from '../testing/context.ts';
import { startCore } from '../testing/core.ts';
import { condemned, emptyCollector, names, openType, ROOTED, signal, write } from '../testing/garbage.fixture.ts';
import { expiryOf, keptByLabels, referencesOf } from './labels.ts';

const inPast = new Date(Date.UTC(2020, 0, 1)).toISOString();

describe('what labels mean', () => {
  const node = { type: 'thing', key: 'a' };

  test.each([
    ['gc.ref.claim', { type: 'claim', key: 'k' }, 'from'],
    ['gc.ref.claim.second', { type: 'claim', key: 'k' }, 'from'],
    ['gc.ref.claim.', { type: 'claim', key: 'k' }, 'from'],
    ['gc.ref.claim/two\nlines', { type: 'claim', key: 'k' }, 'from'],
    ['gc.ref.claim/second.one', { type: 'claim', key: 'k' }, 'from'],
    ['gc.bref.pod', { type: 'pod', key: 'k' }, 'to'],
    ['gc.bref.pod/x', { type: 'pod', key: 'k' }, 'to'],
  ])('%s names a node', (label, other, owner) => {
    const [from, to] = owner === 'from' ? [node, other] : [other, node];
    expect(referencesOf(node, { [label]: 'k' })).toEqual([{ from, to, owner }]);
  });

  test.each([['gc.ref.'], ['gc.ref.Claim'], ['gc.refs.claim'], ['gc.ref.claim-x'], ['gc.root'], ['x.gc.ref.claim']])(
    '%s names none',
    (label) => {
      expect(referencesOf(node, { [label]: 'k' })).toEqual([]);
    },
  );

  test('an expiry that can’t be parsed keeps, whatever Date would make of it', () => {
    expect(keptByLabels({ 'gc.expire': inPast }, Date.now())).toBe(false);
    for (const text of ['tomorrow', '1', '', '2020-01-01']) {
      expect(expiryOf({ 'gc.expire': text })).toBeUndefined();
      expect(keptByLabels({ 'gc.expire': text }, Date.now())).toBe(true);
    }
  });
});

describe('references by label', () => {
  test('gc.ref keeps what it names while its owner lives; several by names of their own', async () => {
    await using core = await startCore({ context: testContext() });
    using things = openType(core, 'thing');
    await write(core, (tx) => {
      things.make(tx, 'a', { labels: { ...ROOTED, 'gc.ref.thing.one': 'b', 'gc.ref.thing/two': 'c' } });
      for (const key of ['b', 'c', 'd']) things.make(tx, key);
      things.update(tx, 'c', { labels: { 'gc.ref.thing': 'e' } });
      things.make(tx, 'e');
    });
    expect((await core.gc.run({ signal })).removed.map(({ key }) => key)).toEqual(['d']);
    await write(core, (tx) => things.update(tx, 'a', { labels: { 'gc.ref.thing/two': '' } }));
    expect((await core.gc.run({ signal })).removed.map(({ key }) => key).toSorted()).toEqual(['c', 'e']);
    await write(core, (tx) => things.update(tx, 'a', { labels: { 'gc.root': '' } }));
    await core.gc.run({ signal });
    expect(names(core)).toEqual([]);
  });

  test('gc.bref keeps its owner while what it names lives, also when that is made later', async () => {
    await using core = await startCore({ context: testContext() });
    using things = openType(core, 'thing');
    using pods = openType(core, 'pod');
    await write(core, (tx) => {
      pods.make(tx, 'p', { labels: ROOTED });
      things.make(tx, 'kept', { labels: { 'gc.bref.pod': 'p' } });
      things.make(tx, 'lost', { labels: { 'gc.bref.pod': 'never' } });
    });
    await core.gc.run({ signal });
    expect(names(core)).toEqual(['pod/p', 'thing/kept']);
    await write(core, (tx) => pods.update(tx, 'p', { labels: { 'gc.root': '' } }));
    await core.gc.run({ signal });
    expect(names(core)).toEqual([]);
  });

  test('what goes takes along what only its labels kept, at once', async () => {
    await using core = await startCore({ context: testContext() });
    using things = openType(core, 'thing');
    await write(core, (tx) => {
      things.make(tx, 'a', { labels: { 'gc.ref.thing': 'b' } });
      things.make(tx, 'b');
    });
    await core.gc.collect({ type: 'thing', key: 'a' }, { signal });
    await core.gc.finished({ type: 'thing', key: 'b' }, { signal });
    expect(names(core)).toEqual([]);
    // Nothing of the old labels is left for a successor.
    await write(core, (tx) => (things.make(tx, 'a', { labels: ROOTED }), things.make(tx, 'b')));
    await core.gc.run({ signal });
    expect(names(core)).toEqual(['thing/a']);
  });

  test('a circle of labels is garbage when no root reaches it, and lives when one does', async () => {
    await using core = await startCore({ context: testContext() });
    using things = openType(core, 'thing');
    await write(core, (tx) => {
      things.make(tx, 'a', { labels: { ...ROOTED, 'gc.ref.thing': 'b' } });
      things.make(tx, 'b', { labels: { 'gc.ref.thing': 'c' } });
      things.make(tx, 'c', { labels: { 'gc.ref.thing': 'a' } });
    });
    expect((await core.gc.run({ signal })).removed).toEqual([]);
    await write(core, (tx) => things.update(tx, 'a', { labels: { 'gc.root': '' } }));
    expect(await core.gc.run({ signal })).toMatchObject({ failed: [] });
    expect(names(core)).toEqual([]);
  });

  test('gc.flat on a lease: its resources live and what they stand on, but not what only their labels name', async () => {
    await using core = await startCore({ context: testContext() });
    using things = openType(core, 'thing');
    const labels = { 'gc.ref.thing': 'labelled' };
    await write(core, (tx) => {
      const flat = core.leases.create(tx, { id: 'flat', labels: { 'gc.flat': 'yes' } });
      things.make(tx, 'base');
      things.make(tx, 'labelled');
      things.make(tx, 'leased', { lease: flat.id, labels, parents: ['thing/base'] });
    });
    await core.gc.run({ signal });
    expect(names(core)).toEqual(['thing/base', 'thing/leased']);
    await write(core, (tx) => {
      things.make(tx, 'labelled');
      core.leases.addResource(tx, core.leases.create(tx, { id: 'whole' }).id, { type: 'thing', key: 'leased' });
    });
    await core.gc.run({ signal });
    expect(names(core)).toEqual(['thing/base', 'thing/labelled', 'thing/leased']);
  });

  test('labels count on any resource whose collector tells them: gc.root, gc.expire, gc.ref', async () => {
    const context = testContext();
    await using core = await startCore({ context });
    const cards = defineCollection<Record<string, string>>('state', 'test_cards');
    using things = openType(core, 'thing');
    using _cards = core.gc.register({
      ...emptyCollector('card'),
      refersTo: [],
      keys: (tx) => tx.keys(cards),
      labels: (tx, key) => tx.get(cards, key),
      finish: (tx, key) => void tx.delete(cards, key),
    });
    const until = new Date(context.clock.now() + 60_000).toISOString();
    await write(core, (tx) => {
      const put = (key: string, labels: Record<string, string>): void => {
        tx.put(cards, key, labels);
        core.gc.relabel(tx, { type: 'card', key }, {}, labels);
      };
      put('rooted', { 'gc.root': 'yes', 'gc.ref.thing': 'a' });
      put('dated', { 'gc.expire': until });
      put('plain', {});
      things.make(tx, 'a');
    });
    const left = () => core.metadata.read('state', (tx) => [...tx.keys(cards)]);
    await core.gc.run({ signal });
    expect([left(), names(core)]).toEqual([['dated', 'rooted'], ['thing/a']]);
    await context.clock.advance(61_000);
    expect(left()).toEqual(['rooted']);
  });

  test('what a type refers to by labels is kept while its plugin is off, and nothing else is', async () => {
    await using core = await startCore({ context: testContext() });
    using things = openType(core, 'thing');
    const pods = openType(core, 'pod');
    await write(core, (tx) => {
      pods.make(tx, 'p', { labels: { ...ROOTED, 'gc.ref.thing': 'a' } });
      things.make(tx, 'a');
      things.make(tx, 'b');
    });
    pods[Symbol.dispose]();
    await core.gc.run({ signal });
    expect(names(core)).toEqual(['pod/p', 'thing/a']);
    expect(condemned(core)).toEqual([]);
    await core.gc.collect({ type: 'thing', key: 'a' }, { signal });
    expect(names(core)).toEqual(['pod/p', 'thing/a']);
  });

  test('a key with a zero byte is refused by name, and nothing is written', async () => {
    await using core = await startCore({ context: testContext() });
    using things = openType(core, 'thing');
    await expect(write(core, (tx) => things.make(tx, 'a', { labels: { 'gc.ref.thing': 'b\0c' } }))).rejects.toMatchObject({
      code: 'gc.invalid_reference',
    });
    expect(names(core)).toEqual([]);
  });
});
