import { expect, test } from 'vitest';
import { testContext } from '../testing/context.ts';
import { startCore, type TestCore } from '../testing/core.ts';
import { openType } from '../testing/garbage.fixture.ts';

const signal = new AbortController().signal;
const blue = { namespace: 'blue' };
const namesIn = (core: TestCore, namespace: string) =>
  core.metadata.read('state', (tx) => Array.from(core.snapshots.list(tx), ({ key }) => key), { namespace });

test('an empty namespace, and one that is new, cost a collection nothing and keep nothing from it', async () => {
  await using core = await startCore({ context: testContext() });
  using things = openType(core, 'thing');
  await core.metadata.write('state', (tx) => things.make(tx, 'a'));
  await core.namespaces.create('blue');
  expect((await core.gc.run({ signal })).removed).toMatchObject([{ namespace: 'default', key: 'a' }]);
  await core.metadata.write('state', (tx) => things.make(tx, 'a'), blue);
  expect((await core.gc.run({ signal })).removed).toMatchObject([{ namespace: 'blue', key: 'a' }]);
  expect(await core.gc.run({ signal })).toMatchObject({ removed: [], kept: 0, failed: [] });
  expect(core.gc.status().statistics).toMatchObject({ nodes: 0, failures: 0 });
});

test('what was to be looked at in a namespace that is gone is not there, and no failure', async () => {
  const context = testContext();
  await using core = await startCore({ context });
  using things = openType(core, 'thing');
  await core.namespaces.create('blue');
  await core.metadata.write('state', (tx) => core.leases.create(tx, { id: 'l', expiresInMs: 60_000 }), blue);
  await core.metadata.write('state', (tx) => things.make(tx, 'a'), { ...blue, lease: 'l' });
  await core.leases.deleteAndCollect('l', { store: 'state', ...blue, signal });
  await core.metadata.write(
    'state',
    (tx) => {
      core.gc.wakeAt(tx, context.clock.now() + 90_000);
      core.gc.trigger(tx, [{ type: 'thing', key: 'a' }]);
    },
    blue,
  );
  await core.namespaces.delete('blue');
  await context.clock.advance(120_000);
  await core.gc.collect({ type: 'thing', key: 'a' }, { signal, ...blue });
  await core.gc.finished({ type: 'thing', key: 'a' }, { signal, ...blue });
  await core.gc.run({ signal });
  expect(core.gc.status()).toMatchObject({ condemned: [], statistics: { failures: 0 } });
  expect(core.gc.status().lastError).toBeUndefined();
});

test('a namespace that goes while a collection is under way makes neither fail, and comes back empty', async () => {
  await using core = await startCore({ context: testContext(), gc: { sliceMs: 0.01 } });
  using things = openType(core, 'thing');
  for (let round = 0; round < 10; round++) {
    await core.namespaces.create('blue');
    for (const namespace of ['blue', 'default'])
      await core.metadata.write(
        'state',
        (tx) => {
          for (let n = 0; n < 50; n++) things.make(tx, `t${n}`);
        },
        { namespace },
      );
    const run = core.gc.run({ signal });
    for (let turn = 0; turn < round; turn++) await new Promise((resolve) => setImmediate(resolve));
    await core.metadata.write(
      'state',
      (tx) => Array.from(things.walk(tx), ({ key }) => key).forEach((key) => things.remove(tx, key)),
      blue,
    );
    await core.namespaces.delete('blue');
    expect((await run).failed).toEqual([]);
    expect([namesIn(core, 'blue'), namesIn(core, 'default'), core.gc.status().condemned]).toEqual([[], [], []]);
  }
});

test('namespaces that come and go by the thousand are written into and read like the first one', async () => {
  await using core = await startCore({ context: testContext() });
  using things = openType(core, 'thing');
  const names = Array.from({ length: 1_100 }, (_, n) => `n${n}`);
  await Promise.all(names.map((name) => core.namespaces.create(name)));
  const scopes = names.map((namespace) => ({ namespace }));
  await Promise.all(scopes.map((scope) => core.metadata.write('state', (tx) => things.make(tx, scope.namespace), scope)));
  for (const name of names) expect(namesIn(core, name)).toEqual([name]);
  expect((await core.gc.run({ signal })).removed).toHaveLength(names.length);
  await Promise.all(names.map((name) => core.namespaces.delete(name)));
  expect(core.metadata.read('root', (tx) => core.namespaces.page(tx).items)).toHaveLength(1);
});
