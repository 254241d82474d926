import { expect, test } from 'vitest';
import type { ListOptions } from '../metadata/listing.ts';
import { startCore } from '../testing/core.ts';
import { testContext } from '../testing/context.ts';

test('claims are listed in pages and by filters, with the state that they are in now', async () => {
  await using core = await startCore({ context: testContext() });
  await core.metadata.write('state', (tx) => {
    core.leases.create(tx, { id: 'l' });
    const holder = { containerId: 'c1', ifname: 'eth0' };
    for (const key of ['10.0.0.1', '10.0.0.2', '10.1.0.1'])
      core.claims.take(tx, { type: 'address', key, holder, data: { range: key.slice(0, 4) }, lease: 'l' });
    core.claims.take(tx, { type: 'vf', key: '3', holder: { containerId: 'c2', ifname: 'eth0' }, data: {}, lease: 'l' });
    core.claims.take(tx, { type: 'zone', key: 'x', holder, data: {}, lease: 'l' });
  });
  const page = (options: ListOptions) => {
    const { items, ...rest } = core.metadata.read('state', (tx) => core.claims.page(tx, options));
    return { keys: items.map(({ type, key }) => `${type}/${key}`), ...rest };
  };
  const found = (...filters: string[]) => page({ filters }).keys;
  expect(found()).toEqual(['address/10.0.0.1', 'address/10.0.0.2', 'address/10.1.0.1', 'vf/3', 'zone/x']);
  expect(found('type==address,key~=^10\\.0\\.')).toEqual(['address/10.0.0.1', 'address/10.0.0.2']);
  expect(found('holder.containerId==c2', 'data.range==10.1')).toEqual(['address/10.1.0.1', 'vf/3']);
  expect(found('state==held,type==zone')).toEqual(['zone/x']);
  expect(found('state==cooling')).toEqual([]);
  expect(found('type==""', 'type=="a/b"')).toEqual([]);
  expect(found(`type==${'x'.repeat(8_000)}`)).toEqual([]);
  const first = page({ limit: 2, filters: ['type==address'] });
  expect(first.keys).toEqual(['address/10.0.0.1', 'address/10.0.0.2']);
  const after = first.next ?? '';
  expect(page({ limit: 2, filters: ['type==address'], after })).toEqual({ keys: ['address/10.1.0.1'] });
  expect(page({ filters: ['type==vf'], after }).keys).toEqual(['vf/3']);
  const { next = '' } = page({ limit: 4 });
  expect(page({ after: next }).keys).toEqual(['zone/x']);
  expect(page({ filters: ['type==address'], after: next }).keys).toEqual([]);
});

test('a claim that is being released is found by that state', async () => {
  const context = testContext();
  await using core = await startCore({ context });
  const hang = Promise.withResolvers<void>();
  using pods = core.snapshots.open({ type: 'pod', store: 'state', cleanup: () => hang.promise });
  await core.metadata.write('state', (tx) => {
    core.leases.create(tx, { id: 'l' });
    core.claims.take(tx, { type: 'address', key: 'a', holder: { containerId: 'c', ifname: 'e' }, data: {}, lease: 'l' });
    pods.prepare(tx, 'p', { data: {}, parents: ['claim/address/a'], committed: true });
  });
  await core.metadata.write('state', (tx) => core.leases.delete(tx, 'l'));
  const stateOf = (state: string) =>
    core.metadata.read('state', (tx) => core.claims.page(tx, { filters: [`state==${state}`] }).items.length);
  const running = core.gc.run({ signal: new AbortController().signal, dryRun: false });
  await expect.poll(() => [stateOf('held'), stateOf('releasing')]).toEqual([0, 1]);
  hang.resolve();
  await running;
  expect(stateOf('releasing')).toBe(0);
});
