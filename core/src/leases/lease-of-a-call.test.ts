import { describe, expect, test } from 'vitest';
import type { Transaction } from '../metadata/store.ts';
import { startCore, type TestCore } from '../testing/core.ts';
import { testContext } from '../testing/context.ts';
import { names, openType, signal, write } from '../testing/garbage.fixture.ts';

const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error);
const shown = (core: TestCore, id: string) => core.metadata.read('state', (tx) => core.leases.get(tx, id));

describe('the lease of a call', () => {
  test('whatever is made in its transaction is put under it', async () => {
    await using core = await startCore({ context: testContext() });
    using things = openType(core, 'thing');
    await write(core, (tx) => core.leases.create(tx, { id: 'call' }));
    const holder = { containerId: 'c', ifname: 'eth0' };
    await core.metadata.write(
      'state',
      (tx) => {
        things.make(tx, 'a');
        core.claims.take(tx, { type: 'address', key: '10.0.0.1', holder, data: {} });
        core.leases.underLease(tx, { type: 'custom', key: 'of a plugin' });
      },
      { lease: 'call' },
    );
    expect(shown(core, 'call')?.resources.map(({ type, key }) => `${type}/${key}`)).toEqual([
      'claim/address/10.0.0.1',
      'custom/of a plugin',
      'thing/a',
    ]);
    await core.gc.run({ signal });
    expect(names(core)).toEqual(['claim/address/10.0.0.1', 'thing/a']);
    await write(core, (tx) => core.leases.delete(tx, 'call'));
    await core.gc.run({ signal });
    expect(names(core)).toEqual([]);
  });

  test('what is committed in its transaction is put under it too', async () => {
    await using core = await startCore({ context: testContext() });
    using things = openType(core, 'thing');
    await write(core, (tx) => {
      core.leases.create(tx, { id: 'first' });
      core.leases.create(tx, { id: 'second' });
      things.prepare(tx, 'a', { data: {}, lease: 'first' });
    });
    await core.metadata.write('state', (tx) => things.commit(tx, 'a'), { lease: 'second' });
    await write(core, (tx) => core.leases.delete(tx, 'first'));
    await core.gc.run({ signal });
    expect(names(core)).toEqual(['thing/a']);
    expect(shown(core, 'second')?.resources).toEqual([{ type: 'thing', key: 'a' }]);
  });

  test('what is removed leaves every lease: none protects who has its key next', async () => {
    await using core = await startCore({ context: testContext() });
    using things = openType(core, 'thing');
    await write(core, (tx) => {
      for (const id of ['first', 'second']) core.leases.create(tx, { id });
      things.make(tx, 'a', { lease: 'first' });
      things.lease(tx, 'a', 'second');
    });
    await core.metadata.write('state', (tx) => things.remove(tx, 'a'), { lease: 'second' });
    expect([shown(core, 'first')?.resources, shown(core, 'second')?.resources]).toEqual([[], []]);
    await write(core, (tx) => things.make(tx, 'a'));
    await core.gc.run({ signal });
    expect(names(core)).toEqual([]);
  });

  test('a lease that isn’t there makes the call fail, and nothing is made or committed', async () => {
    await using core = await startCore({ context: testContext() });
    using things = openType(core, 'thing');
    await write(core, (tx) => things.prepare(tx, 'made', { data: {} }));
    const under = (fn: (tx: Transaction) => unknown) => core.metadata.write('state', (tx) => void fn(tx), { lease: 'none' }).catch(codeOf);
    expect(await under((tx) => things.make(tx, 'a'))).toBe('leases.not_found');
    expect(await under((tx) => things.commit(tx, 'made'))).toBe('leases.not_found');
    expect(names(core)).toEqual(['thing/made']);
    expect(core.metadata.read('state', (tx) => things.stat(tx, 'made').kind)).toBe('active');
  });

  test('a lease is of its store and its namespace', async () => {
    await using core = await startCore({ context: testContext() });
    using things = openType(core, 'thing');
    await core.namespaces.create('blue');
    await core.metadata.write('root', (tx) => core.leases.create(tx, { id: 'elsewhere' }));
    await core.metadata.write('state', (tx) => core.leases.create(tx, { id: 'elsewhere' }), { namespace: 'blue' });
    const make = (scope: { lease: string; namespace?: string }) => core.metadata.write('state', (tx) => things.make(tx, 'a'), scope);
    expect(await make({ lease: 'elsewhere' }).catch(codeOf)).toBe('leases.not_found');
    await make({ lease: 'elsewhere', namespace: 'blue' });
    const resources = core.metadata.read('state', (tx) => core.leases.resources(tx, 'elsewhere'), { namespace: 'blue' });
    expect(resources).toEqual([{ type: 'thing', key: 'a' }]);
  });
});
