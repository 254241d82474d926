import { expect, test } from 'vitest';
import { countedMetrics } from '../testing/counted.ts';
import { startCore } from '../testing/core.ts';
import { testContext } from '../testing/context.ts';
import { openType, write } from '../testing/garbage.fixture.ts';
import { protectionOf } from './lease-records.ts';
import { LeaseStore } from './lease-store.ts';

test('a lease is made, renewed, filled, listed and deleted, and tells of each change', async () => {
  const context = testContext();
  await using core = await startCore({ context });
  const write = <T>(fn: Parameters<typeof core.metadata.write<T>>[1]) => core.metadata.write('state', fn);
  const lease = await write((tx) => core.leases.create(tx, { id: 'mine', expiresInMs: 1000, labels: { a: 'b', empty: '' } }));
  expect(lease).toMatchObject({ id: 'mine', store: 'state', labels: { a: 'b' }, resources: [] });
  expect(lease.expiresAt).toBe(new Date(context.clock.now() + 1000).toISOString());
  const resource = { type: 'thing', key: 'a/b' };
  await write((tx) => {
    core.leases.addResource(tx, 'mine', resource);
    core.leases.addResource(tx, 'mine', resource);
  });
  const renewed = await write((tx) => core.leases.renew(tx, 'mine', 5000));
  expect(renewed.resources).toEqual([resource]);
  expect(renewed.expiresAt).toBe(new Date(context.clock.now() + 5000).toISOString());
  expect(core.metadata.read('state', (tx) => core.leases.get(tx, 'mine'))).toEqual(renewed);
  await write((tx) => core.leases.removeResource(tx, 'mine', resource));
  expect(core.metadata.read('state', (tx) => core.leases.get(tx, 'mine'))?.resources).toEqual([]);
  await write((tx) => core.leases.delete(tx, 'mine'));
  expect(core.metadata.read('state', (tx) => [...core.leases.list(tx)])).toEqual([]);
  expect(Array.from(core.events.history({ topics: ['/leases'] }), ({ type }) => type)).toEqual([
    'leases.created',
    'leases.resource-added',
    'leases.renewed',
    'leases.resource-removed',
    'leases.deleted',
  ]);
});

test('a lease that exists, is missing, or has a bad id, expiry or label is refused by name', async () => {
  await using core = await startCore({ context: testContext() });
  const attempt = (fn: Parameters<typeof core.metadata.write>[1]) =>
    core.metadata.write('state', fn).then(
      () => 'done',
      (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error),
    );
  await attempt((tx) => core.leases.create(tx, { id: 'a' }));
  expect(await attempt((tx) => core.leases.create(tx, { id: 'a' }))).toBe('leases.already_exists');
  expect(await attempt((tx) => core.leases.create(tx, { id: 'no good' }))).toBe('leases.invalid_id');
  expect(await attempt((tx) => core.leases.create(tx, { id: 'a'.repeat(77) }))).toBe('leases.invalid_id');
  expect(await attempt((tx) => core.leases.create(tx, { expiresInMs: 0 }))).toBe('leases.invalid_expiry');
  expect(await attempt((tx) => core.leases.create(tx, { labels: { a: 'x'.repeat(4096) } }))).toBe('leases.invalid_labels');
  expect(await attempt((tx) => core.leases.renew(tx, 'b', 1))).toBe('leases.not_found');
  expect(await attempt((tx) => core.leases.delete(tx, 'b'))).toBe('leases.not_found');
  expect(await attempt((tx) => core.leases.addResource(tx, 'b', { type: 'a', key: 'b' }))).toBe('leases.not_found');
  expect(await attempt((tx) => core.leases.create(tx, { expiresInMs: Number.MAX_SAFE_INTEGER }))).toBe('done');
});

test('a change is counted when it is committed, and not before', async () => {
  await using core = await startCore({ context: testContext() });
  const metrics = countedMetrics();
  const leases = new LeaseStore({ ...core, context: testContext(), metrics });
  const refused = core.metadata.write('state', (tx) => {
    leases.create(tx, { id: 'never' });
    throw new Error('refused');
  });
  await expect(refused).rejects.toThrow('refused');
  expect(metrics.values).toEqual(new Map());
  await core.metadata.write('state', (tx) => leases.create(tx, { id: 'l' }));
  expect(metrics.values).toEqual(new Map([['hawser_leases_changes_total{change="created"}', 1]]));
});

test('a resource of the other store is refused, which the lease would not protect; one of a type that is away is not', async () => {
  await using core = await startCore({ context: testContext() });
  using _volumes = core.snapshots.open<Record<string, never>>({ type: 'volume', store: 'root' });
  const put = (type: string) => core.metadata.write('state', (tx) => core.leases.addResource(tx, 'l', { type, key: 'a' }));
  await core.metadata.write('state', (tx) => core.leases.create(tx, { id: 'l' }));
  await expect(put('volume')).rejects.toMatchObject({ code: 'leases.wrong_store', message: expect.stringContaining('volume/a') });
  await put('away');
  expect(core.metadata.read('state', (tx) => core.leases.resources(tx, 'l'))).toEqual([{ type: 'away', key: 'a' }]);
});

test('a lease that has run out protects nothing, also before it is collected', async () => {
  const context = testContext();
  await using core = await startCore({ context });
  using things = openType(core, 'thing');
  await write(core, (tx) => things.make(tx, 'a', { lease: core.leases.create(tx, { expiresInMs: 1_000 }).id }));
  const now = context.clock.now();
  const protectedAt = (at: number) => core.metadata.read('state', (tx) => protectionOf(tx, { type: 'thing', key: 'a' }, at));
  expect([protectedAt(now + 999), protectedAt(now + 1_000)]).toEqual(['whole', 'none']);
});
