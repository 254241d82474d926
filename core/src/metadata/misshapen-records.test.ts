import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { checkStores } from '../cli/check-stores.ts';
import type { HawserError } from '../errors/index.ts';
import type { JsonValue } from '../json.ts';
import { testContext } from '../testing/context.ts';
import { startCore, type TestCore } from '../testing/core.ts';
import type { ListOptions, Page } from './listing.ts';
import { defineCollection, type ReadTransaction } from './store.ts';

const HOLDER = { containerId: 'c1', ifname: 'eth0' };
const CLAIM = { state: 'held', holder: HOLDER, since: '2026-01-01T00:00:00.000Z', cooldownMs: 0, data: {} };
const SNAPSHOT = { kind: 'committed', parents: [], labels: {}, createdAt: '2026-01-01T00:00:00.000Z', updatedAt: '', data: {} };
const never = new AbortController().signal;

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'hwt-misshapen-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (): Promise<TestCore> =>
  startCore({ context: testContext(), folder, gc: { startupDelayMs: 1e9, scheduleDelayMs: 1e9, pauseThreshold: 0.5 } });

/** Something of everything, and `thing/garbage`, which nothing keeps. */
async function fill({ metadata, leases, snapshots, claims }: TestCore): Promise<void> {
  using things = snapshots.open({ type: 'thing', store: 'state' });
  await metadata.write('state', (tx) => {
    leases.create(tx, { id: 'l1' });
    things.prepare(tx, 'kept', { data: {}, lease: 'l1', labels: { 'gc.ref.thing': 'below' } });
    things.prepare(tx, 'below', { data: {} });
    things.prepare(tx, 'garbage', { data: {} });
    claims.take(tx, { type: 'address', key: '10.0.0.1', holder: HOLDER, data: {}, lease: 'l1' });
  });
}

const put = ({ metadata }: TestCore, collection: string, key: string, value: JsonValue): Promise<void> =>
  metadata.write('state', (tx) => tx.put(defineCollection('state', collection), key, value));

const keysOf = ({ metadata }: TestCore): readonly string[] =>
  metadata.read('state', (tx) => [...tx.keys(defineCollection('state', 'snapshots'))]);

type Reader = (core: TestCore, tx: ReadTransaction, options?: ListOptions) => Page<unknown>;
const leasesPage: Reader = ({ leases }, tx, options) => leases.page(tx, options);
const snapshotsPage: Reader = ({ snapshots }, tx, options) => snapshots.page(tx, options);
const claimsPage: Reader = ({ claims }, tx, options) => claims.page(tx, options);

/** All pages of a listing that goes on behind what is damaged, and what it tells of that. */
function wholeList(core: TestCore, read: Reader, options: ListOptions = {}) {
  const refusals: HawserError[] = [];
  const items: unknown[] = [];
  let after: string | undefined;
  do {
    const onDamaged = (refusal: HawserError): void => void refusals.push(refusal);
    const asked = { ...options, onDamaged, ...(after === undefined ? {} : { after }) };
    const page = core.metadata.read('state', (tx) => read(core, tx, asked));
    items.push(...page.items);
    after = page.next;
  } while (after !== undefined);
  return { refusals, items };
}

describe.each<[string, string, string, JsonValue, Reader]>([
  ['a lease that is nothing', 'leases', 'l2', null, leasesPage],
  ['a lease without labels', 'leases', 'l2', { createdAt: '2026-01-01T00:00:00Z' }, leasesPage],
  ['a lease that ends at a number', 'leases', 'l2', { labels: {}, createdAt: '', expiresAt: 5 }, leasesPage],
  ['a snapshot whose labels are a number', 'snapshots', 'thing/odd', { ...SNAPSHOT, labels: 5 }, snapshotsPage],
  ['a snapshot with a label that is a list', 'snapshots', 'thing/odd', { ...SNAPSHOT, labels: { a: [] } }, snapshotsPage],
  ['a snapshot with a parent that is none', 'snapshots', 'thing/odd', { ...SNAPSHOT, parents: [{}] }, snapshotsPage],
  ['a snapshot without parents', 'snapshots', 'thing/odd', { kind: 'active', labels: {}, data: {} }, snapshotsPage],
  ['a snapshot of no kind', 'snapshots', 'thing/odd', { ...SNAPSHOT, kind: 'odd' }, snapshotsPage],
  ['a claim that is a text', 'snapshots', 'claim/address/10.0.0.2', 'text', claimsPage],
  [
    'a claim without holder',
    'snapshots',
    'claim/address/10.0.0.2',
    { ...SNAPSHOT, data: { state: 'held', since: '', cooldownMs: 0, data: {} } },
    claimsPage,
  ],
  ['a claim without data', 'snapshots', 'claim/address/10.0.0.2', { ...SNAPSHOT, data: { ...CLAIM, data: null } }, claimsPage],
])('%s', (_what, collection, key, value, read) => {
  const told = `the record ${JSON.stringify(key)} of ${collection} in the state store is not of the form`;
  const damaged = expect.objectContaining({
    code: 'metadata.damaged',
    message: expect.stringContaining(told),
    remedy: expect.stringContaining('hawser db check'),
    details: { store: 'state', collection, namespace: 'default', key },
  });

  test('is told by whoever lists it, and by the check', async () => {
    await using core = await open();
    await fill(core);
    await put(core, collection, key, value);
    expect(() => core.metadata.read('state', (tx) => read(core, tx))).toThrow(damaged);
    await core[Symbol.asyncDispose]();
    const [, state] = await checkStores({ root: join(folder, 'root'), state: join(folder, 'state') });
    expect(state?.status).toBe('inconsistent');
    expect(state?.findings).toContainEqual(expect.objectContaining({ what: expect.stringContaining(key) }));
  });

  test.each<ListOptions>([{}, { limit: 1 }, { scan: 1 }, { filters: ['labels.team==net'] }, { filters: ['labels.team'] }])(
    'hides nothing else from a list with %j that is told of it',
    async (options) => {
      await using core = await open();
      await fill(core);
      await core.metadata.write('state', (tx) => core.leases.create(tx, { id: 'l3', labels: { team: 'net' } }));
      const { items } = wholeList(core, read, options);
      await put(core, collection, key, value);
      const found = wholeList(core, read, options);
      expect(found.items).toEqual(items);
      // An index does not lead to what has no label.
      const isServed = options.filters?.[0] === 'labels.team==net' && read !== claimsPage;
      expect(found.refusals).toEqual(isServed ? [] : [damaged]);
    },
  );

  test('keeps what it might refer to, and keeps nobody from the rest', async () => {
    await using first = await open();
    await fill(first);
    await put(first, collection, key, value);
    await first[Symbol.asyncDispose]();
    await using core = await open(); // it starts
    using things = core.snapshots.open({ type: 'thing', store: 'state' });
    const before = keysOf(core);
    await core.gc.run({ signal: never }).catch((error: unknown) => expect(String(error)).toContain(told));
    expect(keysOf(core).filter((name) => name !== 'thing/garbage')).toEqual(before.filter((name) => name !== 'thing/garbage'));
    await core.metadata.write('state', (tx) => {
      const { id } = core.leases.create(tx);
      core.claims.take(tx, { type: 'address', key: '10.0.0.3', holder: HOLDER, data: {}, lease: id });
      things.prepare(tx, 'new', { data: {}, parents: ['claim/address/10.0.0.3'], labels: { 'gc.root': '' }, lease: id });
      core.leases.delete(tx, id, { resourcesLiveOn: true });
      things.update(tx, 'new', { labels: { 'gc.root': '' } });
    });
    await core.gc.collect({ type: 'thing', key: 'new' }, { signal: never });
    expect(keysOf(core)).not.toContain('thing/new');
  });
});

test('a claim that can’t be read is in the way, and hides no other', async () => {
  await using core = await open();
  await fill(core);
  await put(core, 'snapshots', 'claim/address/10.0.0.0', 5);
  await put(core, 'snapshots', 'claim/address/10.0.0.2', {
    ...SNAPSHOT,
    labels: { 'gc.expire': '2000-01-01T00:00:00Z' },
    data: { state: 'cooling' },
  });
  const taken = core.metadata.read('state', (tx) => [...core.claims.taken(tx, 'address')]);
  expect(taken).toEqual([{ key: '10.0.0.0' }, { key: '10.0.0.1' }, { key: '10.0.0.2' }]);
});

test('a reference by label that can’t be read keeps everything', async () => {
  await using core = await open();
  await fill(core);
  using _things = core.snapshots.open({ type: 'thing', store: 'state' });
  await put(core, 'gc_references', 'thing/kept\0thing/below\0from', { from: 5 });
  const before = keysOf(core);
  await expect(core.gc.run({ signal: never })).rejects.toMatchObject({ code: 'metadata.damaged' });
  expect(keysOf(core)).toEqual(before);
});

test('what is condemned stays so where the record of it can’t be read, and goes', async () => {
  await using core = await open();
  await fill(core);
  await put(core, 'gc_condemned', 'thing/garbage', 5);
  expect(core.gc.status().condemned).toMatchObject([{ key: 'garbage', reason: expect.stringContaining('is damaged') }]);
  using _things = core.snapshots.open({ type: 'thing', store: 'state' });
  await core.gc.run({ signal: never });
  expect([core.gc.status().condemned, keysOf(core)]).toEqual([[], expect.not.arrayContaining(['thing/garbage'])]);
});

test('a type of which nothing can be read refers to whatever there is, until its collector tells', async () => {
  await using first = await open();
  await fill(first);
  await put(first, 'gc_types', 'card', { refersTo: 'thing' });
  await first[Symbol.asyncDispose]();
  await using core = await open();
  using _things = core.snapshots.open({ type: 'thing', store: 'state' });
  expect((await core.gc.run({ signal: never })).removed).toEqual([]);
  expect(core.gc.status().absentTypes).toEqual([{ type: 'card', store: 'state' }]);
});

test('a journal of which the state can’t be read begins again far behind all of its cursors, also those of events that are gone', async () => {
  await using first = await open();
  const states = defineCollection<{ readonly epoch: number }>('root', 'events_state');
  const { epoch } = first.metadata.read('root', (tx) => tx.get(states, 'journal')) ?? expect.fail();
  await put(first, 'events_state', 'journal', { epoch: 'two' });
  await first.metadata.write('root', (tx) => tx.put(defineCollection('root', 'events_state'), 'journal', { epoch: 'two' }));
  // Its own end is told too: it can't remember that it was closed.
  await Promise.allSettled([first[Symbol.asyncDispose]()]);
  await using core = await open();
  await core.metadata.write('state', (tx) => core.leases.create(tx));
  const [event] = [...core.events.history()].slice(-1);
  expect(Number.parseInt(event?.cursor ?? '', 16)).toBeGreaterThan(epoch + 50_000);
});

test('a namespace of which the record is none is told', async () => {
  await using core = await open();
  await core.namespaces.create('other');
  await core.metadata.write('root', (tx) => tx.put(defineCollection('root', 'namespaces'), 'other', { labels: 'none' }));
  expect(() => core.namespaces.get('other')).toThrow(expect.objectContaining({ code: 'metadata.damaged' }));
  expect(() => core.metadata.read('root', (tx) => core.namespaces.page(tx))).toThrow(/"other" of namespaces in the root store/);
});
