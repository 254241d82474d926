import { expect, test } from 'vitest';
import { claimName } from './claims.ts';
import { defineCollection } from '../metadata/store.ts';
import { startCore } from '../testing/core.ts';
import { testContext } from '../testing/context.ts';

const signal = new AbortController().signal;
const holder = { containerId: 'c1', ifname: 'eth0' };

test('a claim goes from held by way of releasing and cooling to free', async () => {
  const context = testContext();
  await using core = await startCore({ context });
  const cleaned: string[] = [];
  const gate = Promise.withResolvers<void>();
  using attachments = core.snapshots.open({
    type: 'attachment',
    store: 'state',
    cleanup: async ({ key }) => (cleaned.push(key), gate.promise),
  });
  await core.metadata.write('state', (tx) => {
    const lease = core.leases.create(tx, { expiresInMs: 60_000 });
    const claim = core.claims.take(tx, {
      type: 'address',
      key: '10.0.0.5',
      holder,
      data: { prefix: 24 },
      lease: lease.id,
      cooldownMs: 5000,
    });
    attachments.prepare(tx, 'c1/eth0', { data: {}, parents: [claimName(claim)], lease: lease.id });
    attachments.commit(tx, 'c1/eth0', { labels: { 'gc.root': 'yes' } });
    core.leases.delete(tx, lease.id);
  });
  const state = () => core.metadata.read('state', (tx) => core.claims.get(tx, 'address', '10.0.0.5'));
  expect(state()).toMatchObject({ state: 'held', holder });
  await core.gc.collect({ type: 'attachment', key: 'c1/eth0' }, { signal });
  expect(cleaned).toEqual([]);
  await core.metadata.write('state', (tx) => void attachments.update(tx, 'c1/eth0', { labels: { 'gc.root': '' } }));
  const collected = core.gc.collect({ type: 'attachment', key: 'c1/eth0' }, { signal });
  await expect.poll(() => cleaned).toEqual(['c1/eth0']);
  expect(state()).toMatchObject({ state: 'releasing', holder });
  gate.resolve();
  await collected;
  expect(state()).toMatchObject({ state: 'cooling' });
  expect(state()).not.toHaveProperty('holder');
  const take = () =>
    core.metadata.write('state', (tx) =>
      core.claims.take(tx, { type: 'address', key: '10.0.0.5', holder, data: {}, lease: core.leases.create(tx, {}).id }),
    );
  await expect(take()).rejects.toMatchObject({ code: 'claims.cooling' });
  await context.clock.advance(5000);
  await expect.poll(state).toBeUndefined();
  await expect(take()).resolves.toMatchObject({ state: 'held' });
  await expect(take()).rejects.toMatchObject({ code: 'claims.already_held' });
  const topics = Array.from(core.events.history({ topics: ['/claims'] }), ({ topic }) => topic);
  expect(topics).toEqual(['/claims/taken', '/claims/cooling', '/claims/freed', '/claims/taken']);
});

test('a claim is told by its own events alone', async () => {
  await using core = await startCore({ context: testContext() });
  const lease = await core.metadata.write('state', (tx) => {
    const { id } = core.leases.create(tx, {});
    core.claims.take(tx, { type: 'address', key: '10.0.0.5', holder, data: {}, lease: id, cooldownMs: 5000 });
    return id;
  });
  await core.leases.deleteAndCollect(lease, { store: 'state', signal });
  const told = Array.from(core.events.history({ topics: ['/claims', '/snapshots'] }), ({ topic, data }) => [topic, data['key']]);
  expect(told).toEqual([
    ['/claims/taken', '10.0.0.5'],
    ['/claims/cooling', '10.0.0.5'],
  ]);
});

test('what is taken is kept by its lease until something stands on it, and is freed with that lease', async () => {
  await using core = await startCore({ context: testContext() });
  await core.metadata.write('state', (tx) => {
    const lease = core.leases.create(tx, { id: 'mine', expiresInMs: 60_000 });
    core.claims.take(tx, { type: 'address', key: '10.0.0.5', holder, data: {}, lease: lease.id });
  });
  await core.gc.run({ signal });
  expect(core.metadata.read('state', (tx) => core.claims.get(tx, 'address', '10.0.0.5'))).toMatchObject({ state: 'held', holder });
  await core.metadata.write('state', (tx) => core.leases.delete(tx, 'mine'));
  await core.gc.run({ signal });
  expect(core.metadata.read('state', (tx) => core.claims.isFree(tx, 'address', '10.0.0.5'))).toBe(true);
});

test('what is taken can be read in slices, with until when it cools', async () => {
  const context = testContext();
  await using core = await startCore({ context });
  const lease = await core.metadata.write('state', (tx) => core.leases.create(tx, { expiresInMs: 60_000 }).id);
  const take = (type: string, key: string, cooldownMs = 0) =>
    core.metadata.write('state', (tx) => core.claims.take(tx, { type, key, holder, data: {}, lease, cooldownMs }));
  await take('address', '10.0.0.7', 5000);
  await core.metadata.write('state', (tx) => core.leases.delete(tx, lease));
  await core.gc.run({ signal });
  await core.metadata.write('state', (tx) => core.leases.create(tx, { id: 'l2', expiresInMs: 60_000 }));
  for (const key of ['10.0.0.1', '10.0.0.10', 'fd00::1']) {
    await core.metadata.write('state', (tx) => core.claims.take(tx, { type: 'address', key, holder, data: {}, lease: 'l2' }));
  }
  await core.metadata.write('state', (tx) => core.claims.take(tx, { type: 'addressee', key: '10.0.0.8', holder, data: {}, lease: 'l2' }));
  const taken = (after?: string) => core.metadata.read('state', (tx) => [...core.claims.taken(tx, 'address', after)]);
  const until = new Date(context.clock.now() + 5000).toISOString();
  expect(taken()).toEqual([{ key: '10.0.0.1' }, { key: '10.0.0.10' }, { key: '10.0.0.7', until }, { key: 'fd00::1' }]);
  expect(taken('10.0.0.10')).toEqual([{ key: '10.0.0.7', until }, { key: 'fd00::1' }]);
  expect(taken('10.0.0.2')).toEqual(taken('10.0.0.10'));
  expect(taken('fd00::1')).toEqual([]);
});

test('a claim is put under the lease of its call, also when its holder has it already; without any lease it is refused', async () => {
  await using core = await startCore({ context: testContext() });
  const wanted = { type: 'address', key: '10.0.0.5', holder, data: {} };
  const take = (options: { readonly orOwn?: boolean; readonly holder?: typeof holder }, lease?: string) =>
    core.metadata
      .write('state', (tx) => core.claims.take(tx, { ...wanted, ...options }), lease === undefined ? {} : { lease })
      .then(
        ({ state }) => state,
        (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
      );
  await core.metadata.write('state', (tx) => ['first', 'second'].map((id) => core.leases.create(tx, { id })));
  expect(await take({})).toBe('claims.no_lease');
  expect(await take({}, 'first')).toBe('held');
  expect(await take({}, 'second')).toBe('claims.already_held');
  expect(await take({ orOwn: true, holder: { containerId: 'c2', ifname: 'eth0' } }, 'second')).toBe('claims.already_held');
  expect(await take({ orOwn: true }, 'second')).toBe('held');
  await core.metadata.write('state', (tx) => core.leases.delete(tx, 'first'));
  await core.gc.run({ signal });
  expect(core.metadata.read('state', (tx) => core.claims.get(tx, 'address', '10.0.0.5'))).toMatchObject({ state: 'held', holder });
});

test.each([Number.POSITIVE_INFINITY, 1e20])('a cooldown of %s ms lasts until the last day that can be written', async (cooldownMs) => {
  await using core = await startCore({ context: testContext() });
  const claim = { type: 'address', key: '10.0.0.5', holder, data: {}, cooldownMs };
  await core.metadata.write('state', (tx) => core.claims.take(tx, { ...claim, lease: core.leases.create(tx, { id: 'l' }).id }));
  await core.leases.deleteAndCollect('l', { store: 'state', signal });
  const again = core.metadata.write('state', (tx) => core.claims.take(tx, { ...claim, lease: core.leases.create(tx).id }));
  await expect(again).rejects.toMatchObject({ code: 'claims.cooling', details: { until: '9999-12-31T23:59:59.999Z' } });
});

test('a claim whose record was lost is not given away again while something stands on it', async () => {
  await using core = await startCore({ context: testContext() });
  using attachments = core.snapshots.open({ type: 'attachment', store: 'state' });
  const take = (containerId: string) =>
    core.metadata.write('state', (tx) => {
      const lease = core.leases.create(tx, { expiresInMs: 60_000 }).id;
      return core.claims.take(tx, { type: 'address', key: '10.0.0.5', holder: { containerId, ifname: 'eth0' }, data: {}, lease });
    });
  const parents = [claimName(await take('c1'))];
  await core.metadata.write('state', (tx) => attachments.prepare(tx, 'c1/eth0', { data: {}, parents }));
  // As one changed bit in its key does.
  await core.metadata.write('state', (tx) => void tx.delete(defineCollection('state', 'snapshots'), 'claim/address/10.0.0.5'));
  const fault = { code: 'metadata.damaged', message: expect.stringContaining('others stand on it') };
  await expect(take('c2')).rejects.toMatchObject(fault);
});
