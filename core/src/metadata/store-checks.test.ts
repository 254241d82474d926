import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkStores } from '../cli/check-stores.ts';
import type { JsonValue } from '../json.ts';
import { testContext } from '../testing/context.ts';
import { startCore, type TestCore } from '../testing/core.ts';
import { type Collection, defineCollection, type Transaction } from './store.ts';
import { defineStoreCheck } from './store-checks.ts';

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'hwt-checks-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const QUIET = { startupDelayMs: 1e9, scheduleDelayMs: 1e9 };
const ID = `default.${'a'.repeat(26)}`;
const HOLDER = { containerId: 'c1', ifname: 'eth0' };
const raw = (name: string): Collection => ({ ...defineCollection('state', name), derived: true });

async function inCore(work: (core: TestCore) => Promise<void>): Promise<void> {
  await using core = await startCore({ context: testContext(), folder, gc: QUIET });
  await work(core);
}

/** One of everything that refers to something, in two namespaces. */
function fill(tx: Transaction, { leases, claims }: TestCore, opened: ReturnType<TestCore['snapshots']['open']>): void {
  leases.create(tx, { id: 'l1', labels: { team: 'net' } });
  opened.prepare(tx, 'base', { data: {}, committed: true, lease: 'l1', labels: { team: 'net' } });
  opened.prepare(tx, 'top', { data: {}, parents: ['thing/base'], lease: 'l1', labels: { 'gc.ref.thing': 'base' } });
  opened.prepare(tx, 'backed', { data: { id: ID, place: {} }, lease: 'l1' });
  tx.put(raw('snapshot_objects'), `thing/${ID}`, { key: 'backed', since: '2026-01-01T00:00:00Z' });
  claims.take(tx, { type: 'address', key: '10.0.0.1', holder: HOLDER, data: {}, lease: 'l1' });
  opened.prepare(tx, 'user', { data: { ...HOLDER }, parents: ['claim/address/10.0.0.1'], lease: 'l1' });
}

async function filled(damage: (tx: Transaction) => void = () => undefined): Promise<void> {
  await inCore(async (core) => {
    using opened = core.snapshots.open({ type: 'thing', store: 'state' });
    await core.namespaces.create('other');
    for (const namespace of ['default', 'other']) {
      await core.metadata.write('state', (tx) => fill(tx, core, opened), { namespace });
    }
  });
  await inCore((core) => core.metadata.write('state', damage));
}

const folders = () => ({ root: join(folder, 'root'), state: join(folder, 'state') });
async function look(repair = false) {
  const [root, state] = await checkStores(folders(), { repair });
  expect(root).toMatchObject({ status: 'sound', findings: [], repaired: [] });
  return state;
}

test('a store in which everything agrees is sound, and repairing it changes nothing', async () => {
  await filled();
  expect(await look()).toMatchObject({ status: 'sound', findings: [], repaired: [] });
  expect(await look(true)).toMatchObject({ status: 'sound', findings: [], repaired: [] });
});

/** The first entry of a collection, changed by raw hands. */
function spoil(name: string, prefix: string, change: (tx: Transaction, key: string, value: JsonValue) => void) {
  return (tx: Transaction): void => {
    const [entry] = tx.entries(raw(name), { prefix });
    if (entry === undefined) throw new Error(`there is nothing in ${name} at ${prefix}`);
    change(tx, entry[0], entry[1]);
  };
}
const without = (name: string, prefix = '') => spoil(name, prefix, (tx, key) => void tx.delete(raw(name), key));
const merged = (name: string, key: string, fields: Record<string, JsonValue>) =>
  spoil(name, key, (tx, found, value) => tx.put(raw(name), found, { ...(value as Record<string, JsonValue>), ...fields }));
const added =
  (name: string, key: string, value: JsonValue = {}) =>
  (tx: Transaction) =>
    tx.put(raw(name), key, value);

describe('what is derived is found, named and made anew', () => {
  test.each([
    ['an entry of an index is gone', without('leases.by_label'), 'the index leases.by_label lacks 1 entries and has 0 too many'],
    ['an index has one too many', added('snapshots.by_label', `${'x'.repeat(22)}\0thing/base`), 'has 1 too many'],
    ['a link to a child is gone', without('snapshot_children', 'thing/base'), 'thing/top stands on thing/base, which has no link to it'],
    ['a link names no child', added('snapshot_children', 'thing/base\0thing/none'), 'link to thing/none, which is not there'],
    ['a link names nothing', added('snapshot_children', 'odd'), 'odd has a link to , which is not there'],
    ['a link names another’s child', added('snapshot_children', 'thing/base\0thing/user'), 'thing/user, which does not stand on it'],
    ['a lease is not linked back', without('leased', 'thing/base'), 'the lease l1 names thing/base, which has no link back'],
    [
      'a lease is linked back only',
      without('lease_resources', 'l1\0thing/base'),
      'thing/base is linked to the lease l1, which does not name it',
    ],
    ['a link outlives its lease', added('leased', 'thing/base\0l9'), 'thing/base is linked to the lease l9, which is not there'],
    ['a reference is not stored backwards', without('gc_referrers'), 'thing/top to thing/base is stored one way only'],
    ['a reference is stored backwards only', without('gc_references'), 'thing/top to thing/base is stored one way only'],
    [
      'a label’s reference is not stored',
      (tx: Transaction) => (without('gc_references')(tx), without('gc_referrers')(tx)),
      'a label of thing/top refers from thing/top to thing/base, which is not stored',
    ],
    [
      'a reference is of no label',
      added('gc_references', 'thing/top\0thing/user\0from', { from: 'thing/top', to: 'thing/user' }),
      'thing/top refers to thing/user, of which no label of thing/top tells',
    ],
    ['an object is not known', without('snapshot_objects'), `thing/backed has the object ${ID}, which the store does not know`],
  ])('%s', async (_name, damage, what) => {
    await filled(damage);
    const before = await look();
    expect(before?.status).toBe('inconsistent');
    expect(before?.findings).toContainEqual({
      check: expect.any(String),
      namespace: 'default',
      what: expect.stringContaining(what),
      means: expect.any(String),
      remedy: expect.stringContaining('--repair'),
    });
    const repaired = await look(true);
    expect(repaired).toMatchObject({ status: 'sound', findings: [] });
    expect(repaired?.repaired).toContainEqual(expect.objectContaining({ what: expect.stringContaining(what) }));
    expect(await look()).toMatchObject({ status: 'sound', repaired: [] });
  });
});

describe('what nothing else tells is found and named, and repairing leaves it', () => {
  test.each([
    [
      'a lease is gone',
      (tx: Transaction) => (without('leases', 'l1')(tx), without('leases.by_label')(tx)),
      'thing/base is put under the lease l1',
    ],
    ['a parent is gone', without('snapshots', 'claim/address'), 'stands on claim/address/10.0.0.1, which is not there'],
    ['a parent is not committed', merged('snapshots', 'thing/base', { kind: 'active' }), 'thing/base, which is active and not committed'],
    ['what is condemned is no resource', added('gc_condemned', 'nothing', {}), '"nothing" is condemned and names no resource'],
    ['what is condemned is not there', added('gc_condemned', 'thing/none', {}), 'thing/none is condemned and not there'],
    [
      'a claim is another’s',
      merged('snapshots', 'claim/address', { data: { state: 'held', holder: { containerId: 'c2', ifname: 'eth0' } } }),
      'thing/user stands on claim/address/10.0.0.1, which c2/eth0 holds',
    ],
    ['a claim in use is cooling', merged('snapshots', 'claim/address', { data: { state: 'cooling' } }), 'which nobody holds'],
    ['a record is of another form', added('snapshots', 'thing/odd', 'text'), '"thing/odd" is not of the form that a snapshot has'],
    ['a record is nothing', added('snapshots', 'thing/odd', null), "indexes can't be checked"],
    ['a record has no type', added('snapshots', 'odd', { parents: [], labels: {}, data: {} }), '"odd" is not of the form'],
    [
      'a record of the journal is none',
      added('events', 'ffffffff-000000000000', { nonsense: true }),
      '"ffffffff-000000000000" in the journal',
    ],
    ['a cursor of the journal is none', added('events', 'nonsense', { timestamp: '', events: [] }), '"nonsense" in the journal is damaged'],
    ['a link is none', added('leased', 'nothing'), '"nothing" links no lease and resource'],
    ['a link has no lease', added('leased', 'thing/base\0'), 'links no lease and resource'],
    ['a lease has no resource', added('lease_resources', 'l1\0'), 'links no lease and resource'],
  ])('%s', async (_name, damage, what) => {
    await filled(damage);
    const found = expect.arrayContaining([expect.objectContaining({ namespace: 'default', what: expect.stringContaining(what) })]);
    expect(await look()).toMatchObject({ status: 'inconsistent', findings: found });
    expect(await look(true)).toMatchObject({ status: 'inconsistent', findings: found });
  });
});

test('what a damaged record stood on stays protected: repairing follows nothing from what can’t be read', async () => {
  await filled(added('snapshots', 'thing/top', 'text'));
  const before = await look();
  const told = before?.findings.map(({ what }) => what);
  expect(told).toContainEqual('"thing/top" is not of the form that a snapshot has');
  expect(told?.filter((what) => what.includes('has a link to'))).toEqual([]);
  await look(true);
  await inCore(async ({ metadata }) => {
    expect(metadata.read('state', (tx) => [...tx.keys(raw('snapshot_children'), { prefix: 'thing/base' })])).toEqual([
      'thing/base\0thing/top',
    ]);
  });
});

test('every namespace is looked at', async () => {
  await filled((tx) => without('snapshot_children')(tx.in('other')));
  expect((await look())?.findings).toMatchObject([{ namespace: 'other', check: 'snapshots' }]);
  expect(await look(true)).toMatchObject({ status: 'sound' });
});

test('neither checks nor repairs cross an agent', async () => {
  await filled();
  await inCore(async () => {
    await expect(checkStores(folders(), { repair: true })).rejects.toMatchObject({ code: 'metadata.locked' });
  });
});

test('a name stands for one check', () => {
  expect(() => defineStoreCheck('leases', () => [])).toThrow('there is a check leases already');
});

test.each([
  ['a zero byte', 'a\0b'],
  ['more than a key can have', 'k'.repeat(1_100)],
])('a label with %s, as programs of before have kept it, keeps nothing else from being mended', async (_, value) => {
  await filled((tx) => {
    merged('snapshots', 'thing/backed', { labels: { 'gc.ref.thing': value } })(tx);
    without('snapshot_children', 'thing/base')(tx);
  });
  const state = await look(true);
  expect(state?.repaired).toMatchObject([{ what: expect.stringContaining('thing/top stands on thing/base') }]);
  expect(state?.findings).toMatchObject([{ what: expect.stringContaining('a label of thing/backed refers') }]);
});

test('what a check has found before it fails is told too', async () => {
  await filled();
  defineStoreCheck('broken', function* ({ store, namespace }) {
    if (store !== 'state' || namespace !== 'default') return;
    yield { what: 'something is wrong', means: 'something', remedy: 'Do something.' };
    throw new Error('no further');
  });
  const state = await look();
  expect(state?.findings.map(({ what }) => what)).toEqual(['something is wrong', "broken can't be checked: no further"]);
});
