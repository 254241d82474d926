import { expect, test } from 'vitest';
import { HawserError } from '../errors/index.ts';
import { defineCollection, type ReadTransaction, type Transaction } from '../metadata/store.ts';
import { testContext } from '../testing/context.ts';
import { startCore } from '../testing/core.ts';
import { openType } from '../testing/garbage.fixture.ts';

type Things = ReturnType<typeof openType>;

const data = {};
const tooLong = { text: 'x'.repeat(5_000) };
const long = 'l'.repeat(600);

/** All that is in the store, but for the journal: what was told is told. */
const content = (tx: ReadTransaction) =>
  tx
    .collections()
    .filter((name) => !name.startsWith('events'))
    .map((name) => [name, [...tx.entries(defineCollection('state', name))]]);

const rows: readonly (readonly [string, string, (tx: Transaction, things: Things) => unknown])[] = [
  ['prepare under a lease that is missing', 'leases.not_found', (tx, things) => things.prepare(tx, 'new', { data, lease: 'none' })],
  ['view under a lease that is missing', 'leases.not_found', (tx, things) => things.view(tx, 'new', { data, lease: 'none' })],
  [
    'prepare with labels that are too long',
    'snapshots.invalid_labels',
    (tx, things) => things.prepare(tx, 'new', { data, labels: tooLong }),
  ],
  [
    'prepare with a reference that can’t be stored',
    'gc.invalid_reference',
    (tx, things) => things.prepare(tx, 'new', { data, parents: ['thing/base'], lease: 'l', labels: { 'gc.ref.thing': 'a\0b' } }),
  ],
  [
    'prepare of a name that is too long together with its parent’s',
    'metadata.key_too_long',
    (tx, things) => things.prepare(tx, `n${long}`, { data, parents: [`thing/${long}`] }),
  ],
  [
    'commit with labels that are too long',
    'snapshots.invalid_labels',
    (tx, things) => things.commit(tx, 'active', { parents: ['thing/base'], labels: tooLong }),
  ],
  [
    'commit of more than a record can hold',
    'metadata.value_too_large',
    (tx, things) => things.commit(tx, 'active', { parents: ['thing/base'], data: { text: 'x'.repeat(2 ** 20) } }),
  ],
  [
    'update to a reference that can’t be stored',
    'gc.invalid_reference',
    (tx, things) => things.update(tx, 'active', { labels: { a: '1', 'gc.ref.thing': 'a\0b' } }),
  ],
];

test.each(rows)('%s: %s, and nothing changes, also where its transaction goes on', async (_what, code, call) => {
  await using core = await startCore({ context: testContext() });
  using things = openType(core, 'thing');
  await core.metadata.write('state', (tx) => {
    core.leases.create(tx, { id: 'l' });
    things.make(tx, 'base', { lease: 'l' });
    things.make(tx, long, { lease: 'l' });
    things.prepare(tx, 'active', { data, lease: 'l', labels: { 'gc.ref.thing': 'base' } });
  });
  const before = core.metadata.read('state', content);
  const outcome = await core.metadata.write('state', (tx) => {
    try {
      return call(tx, things);
    } catch (error) {
      return error instanceof HawserError ? error.code : error;
    }
  });
  expect(outcome).toBe(code);
  expect(core.metadata.read('state', content)).toEqual(before);
});
