import { describe, expect, test } from 'vitest';
import { startCore, type TestCore } from '../testing/core.ts';
import { testContext } from '../testing/context.ts';
import { names, openType, signal, write } from '../testing/garbage.fixture.ts';
import { type Metrics, silentMetrics } from '../telemetry/metrics.ts';
import { protectionOf } from './lease-records.ts';
import { LeaseStore } from './lease-store.ts';
import { observeLeases } from './observed.ts';

const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error);
const shown = (core: TestCore, id: string) => core.metadata.read('state', (tx) => core.leases.get(tx, id));

describe('a lease’s labels', () => {
  test('its expiry is the label gc.expire, however it was told', async () => {
    const context = testContext();
    await using core = await startCore({ context });
    const soon = new Date(context.clock.now() + 1_000).toISOString();
    await write(core, (tx) => {
      core.leases.create(tx, { id: 'told', expiresInMs: 1_000 });
      core.leases.create(tx, { id: 'labelled', labels: { 'gc.expire': soon.replace('Z', '+00:00') } });
    });
    for (const id of ['told', 'labelled']) expect(shown(core, id)).toMatchObject({ expiresAt: soon, labels: { 'gc.expire': soon } });
    await write(core, (tx) => core.leases.update(tx, 'labelled', { labels: { 'gc.expire': '' } }));
    expect(shown(core, 'labelled')).not.toHaveProperty('expiresAt');
    await context.clock.advance(2_000);
    await core.gc.run({ signal });
    expect([shown(core, 'told'), shown(core, 'labelled')?.labels]).toEqual([undefined, {}]);
  });

  test.each(['tomorrow', '1', '2020', '2020-13-40T00:00:00Z', '2020-02-30T00:00:00Z', '2020-01-01T24:00:00Z', '12345678'])(
    'an expiry that can’t be parsed (%s) keeps the lease, until it is renewed',
    async (text) => {
      const context = testContext();
      await using core = await startCore({ context });
      await write(core, (tx) => core.leases.create(tx, { id: 'odd', labels: { 'gc.expire': text } }));
      await context.clock.advance(1e9);
      await core.gc.run({ signal });
      expect(shown(core, 'odd')).toMatchObject({ labels: { 'gc.expire': text } });
      await write(core, (tx) => core.leases.renew(tx, 'odd', 1_000));
      await context.clock.advance(2_000);
      await core.gc.run({ signal });
      expect(shown(core, 'odd')).toBeUndefined();
    },
  );

  test('an expiry behind the last day that can be written is that day, in whatever zone it was told', async () => {
    await using core = await startCore({ context: testContext() });
    const labels = { 'gc.expire': '9999-12-31T23:59:59-23:59' };
    const told = await write(core, (tx) => [core.leases.create(tx, { labels }), core.leases.create(tx, { expiresInMs: 1e15 })]);
    expect(told.map(({ expiresAt }) => expiresAt)).toEqual(['9999-12-31T23:59:59.999Z', '9999-12-31T23:59:59.999Z']);
  });

  test('an expiry told twice is refused; a label in the past is an expiry like any other', async () => {
    const context = testContext();
    await using core = await startCore({ context });
    const past = { 'gc.expire': '1999-12-31T23:59:59Z' };
    expect(await write(core, (tx) => core.leases.create(tx, { expiresInMs: 1, labels: past })).catch(codeOf)).toBe('leases.invalid_expiry');
    await write(core, (tx) => core.leases.create(tx, { id: 'old', labels: past }));
    await core.gc.run({ signal });
    expect(shown(core, 'old')).toBeUndefined();
  });

  test('are changed one by one; an empty value deletes', async () => {
    await using core = await startCore({ context: testContext() });
    await write(core, (tx) => core.leases.create(tx, { id: 'a', labels: { x: '1', y: '2' } }));
    await write(core, (tx) => core.leases.update(tx, 'a', { labels: { x: '', z: '3' } }));
    expect(shown(core, 'a')?.labels).toEqual({ y: '2', z: '3' });
    const long = { labels: { k: 'v'.repeat(5_000) } };
    expect(await write(core, (tx) => core.leases.update(tx, 'a', long)).catch(codeOf)).toBe('leases.invalid_labels');
    expect(await write(core, (tx) => core.leases.update(tx, 'b', { labels: {} })).catch(codeOf)).toBe('leases.not_found');
  });

  test('gc.flat: it protects its resources alone, unless another lease protects them whole', async () => {
    const context = testContext();
    await using core = await startCore({ context });
    const node = { type: 'thing', key: 'a' };
    const protection = () => core.metadata.read('state', (tx) => protectionOf(tx, node, context.clock.now()));
    await write(core, (tx) => core.leases.create(tx, { id: 'flat', labels: { 'gc.flat': 'yes' } }));
    await write(core, (tx) => core.leases.addResource(tx, 'flat', node));
    expect(protection()).toBe('flat');
    await write(core, (tx) => core.leases.create(tx, { id: 'whole', expiresInMs: 1_000 }));
    await write(core, (tx) => core.leases.addResource(tx, 'whole', node));
    expect(protection()).toBe('whole');
    await context.clock.advance(1_000);
    expect(protection()).toBe('flat');
  });
});

describe('resources of a lease', () => {
  test('are listed in pages', async () => {
    await using core = await startCore({ context: testContext() });
    await write(core, (tx) => {
      for (const id of ['a', 'a-b']) core.leases.create(tx, { id });
      for (const key of ['1', '2', '3/x']) core.leases.addResource(tx, 'a', { type: 'thing', key });
      core.leases.addResource(tx, 'a-b', { type: 'thing', key: 'not a’s' });
    });
    const page = (after?: string) =>
      core.metadata
        .read('state', (tx) => core.leases.resources(tx, 'a', { limit: 2, ...(after === undefined ? {} : { after }) }))
        .map(({ key }) => key);
    expect([page(), page('thing/2'), page('thing/3/x')]).toEqual([['1', '2'], ['3/x'], []]);
    expect(() => core.metadata.read('state', (tx) => core.leases.resources(tx, 'none'))).toThrow('there is no lease none');
  });

  test('coming and going is told, once each', async () => {
    await using core = await startCore({ context: testContext() });
    const resource = { type: 'thing', key: 'a' };
    await write(core, (tx) => {
      core.leases.create(tx, { id: 'l' });
      for (let n = 0; n < 2; n++) core.leases.addResource(tx, 'l', resource);
      for (let n = 0; n < 2; n++) core.leases.removeResource(tx, 'l', resource);
      core.leases.update(tx, 'l', { labels: { a: 'b' } });
    });
    expect(Array.from(core.events.history({ topics: ['/leases'] }), ({ type, data }) => [type, data])).toEqual([
      ['leases.created', { id: 'l', store: 'state', labels: {} }],
      ['leases.resource-added', { id: 'l', store: 'state', resource }],
      ['leases.resource-removed', { id: 'l', store: 'state', resource }],
      ['leases.updated', { id: 'l', store: 'state', labels: { a: 'b' } }],
    ]);
  });
});

describe('deleting a lease and waiting for the collection', () => {
  const leased = async (core: TestCore, things: ReturnType<typeof openType>) => {
    await write(core, (tx) => core.leases.create(tx, { id: 'l' }));
    await core.metadata.write('state', (tx) => (things.make(tx, 'a'), things.make(tx, 'b', { parents: ['thing/a'] })), { lease: 'l' });
  };
  const scope = { store: 'state', signal } as const;

  test('resolves when what it kept is cleaned up, parents and children alike', async () => {
    await using core = await startCore({ context: testContext() });
    const cleaned: string[] = [];
    using things = openType(core, 'thing', async (key) => void cleaned.push(key));
    await leased(core, things);
    await core.leases.deleteAndCollect('l', scope);
    expect(cleaned).toEqual(['b', 'a']);
    expect(await core.leases.deleteAndCollect('l', scope).catch(codeOf)).toBe('leases.not_found');
  });

  test('what something else keeps stays, and other garbage is not waited for', async () => {
    await using core = await startCore({ context: testContext() });
    using things = openType(core, 'thing', (key) => (key === 'other' ? new Promise(() => {}) : Promise.resolve()));
    await leased(core, things);
    await write(core, (tx) => (things.make(tx, 'other'), core.gc.condemn(tx, { type: 'thing', key: 'other' })));
    await write(core, (tx) => things.update(tx, 'b', { labels: { 'gc.root': 'yes' } }));
    await core.leases.deleteAndCollect('l', scope);
    expect(names(core)).toEqual(['thing/a', 'thing/b', 'thing/other']);
  });

  test('the caller’s deadline ends the waiting; the lease is deleted all the same', async () => {
    await using core = await startCore({ context: testContext() });
    const hang = Promise.withResolvers<void>();
    using things = openType(core, 'thing', () => hang.promise);
    await leased(core, things);
    const deadline = new AbortController();
    const outcome = core.leases.deleteAndCollect('l', { store: 'state', signal: deadline.signal }).catch((error: unknown) => error);
    await expect.poll(() => shown(core, 'l')).toBeUndefined();
    deadline.abort(new Error('no more time'));
    expect(await outcome).toMatchObject({ message: 'no more time' });
    hang.resolve();
    await core.gc.run({ signal });
    expect(names(core)).toEqual([]);
  });

  test('a clean-up that fails is told by name, and tried again', async () => {
    await using core = await startCore({ context: testContext() });
    let broken = true;
    using things = openType(core, 'thing', async () => {
      if (broken) throw new Error('the backend is away');
    });
    await leased(core, things);
    const error = await core.leases.deleteAndCollect('l', scope).catch((thrown: unknown) => thrown);
    expect(error).toMatchObject({ code: 'leases.collection_failed', details: { id: 'l', failed: expect.arrayContaining(['thing/a']) } });
    broken = false;
    await core.gc.run({ signal });
    expect(names(core)).toEqual([]);
  });
});

test('64 writers at once, two resources each, share their commits', async () => {
  await using core = await startCore({ context: testContext() });
  const commits: (readonly [store: string, transactions: number])[] = [];
  using _observed = core.metadata.onCommit((store, transactions) => void commits.push([store, transactions]));
  await Promise.all(
    Array.from({ length: 64 }, (_, n) =>
      write(core, (tx) => {
        const { id } = core.leases.create(tx);
        for (const key of ['a', 'b']) core.leases.addResource(tx, id, { type: 'thing', key: `${n}${key}` });
      }),
    ),
  );
  expect(core.metadata.read('state', (tx) => [...core.leases.list(tx)].filter(({ resources }) => resources.length === 2))).toHaveLength(64);
  expect(commits).toEqual([['state', 64]]);
});

test('a lease of another namespace is deleted with what it kept there, and nothing here', async () => {
  await using core = await startCore({ context: testContext() });
  const cleaned: string[] = [];
  using things = openType(core, 'thing', async (key) => void cleaned.push(key));
  const blue = { namespace: 'blue' };
  await core.namespaces.create('blue');
  await core.metadata.write('state', (tx) => core.leases.create(tx, { id: 'l' }), blue);
  await core.metadata.write('state', (tx) => things.make(tx, 'there'), { ...blue, lease: 'l' });
  await write(core, (tx) => (core.leases.create(tx, { id: 'l' }), things.make(tx, 'here', { lease: 'l' })));
  await core.leases.deleteAndCollect('l', { store: 'state', ...blue, signal });
  expect([cleaned, names(core), shown(core, 'l')?.resources]).toEqual([['there'], ['thing/here'], [{ type: 'thing', key: 'here' }]]);
});

test('a lease that its own transaction deletes takes nothing more', async () => {
  await using core = await startCore({ context: testContext() });
  const late = write(core, (tx) => {
    core.leases.create(tx, { id: 'l' });
    core.leases.delete(tx, 'l');
    core.leases.underLease(tx, { type: 'thing', key: 'a' }, 'l');
  });
  expect(await late.catch(codeOf)).toBe('leases.not_found');
});

test('changes and the number of leases are measured, those of every namespace', async () => {
  const context = testContext();
  await using core = await startCore({ context });
  const counted: string[] = [];
  const known: Record<string, number> = {};
  let collect = () => {};
  const metrics: Metrics = {
    ...silentMetrics,
    counter: ({ name }) => ({ add: (amount = 1, labels = {}) => void counted.push(`${name} ${labels['change']} ${amount}`) }),
    gauge: () => ({ clear: () => undefined, set: (value, labels = {}) => void (known[labels['store'] ?? ''] = value) }),
    onCollect: (observe) => ((collect = observe), { [Symbol.dispose]: () => undefined }),
  };
  const leases = new LeaseStore({ ...core, context, metrics });
  using _observed = observeLeases(metrics, core.metadata);
  await write(core, (tx) => {
    for (const id of ['a', 'b']) leases.create(tx, { id });
    leases.renew(tx, 'a', 1_000);
    leases.update(tx, 'a', { labels: { x: 'y' } });
    leases.delete(tx, 'b');
  });
  await core.namespaces.create('blue');
  await core.metadata.write('state', (tx) => leases.create(tx, { id: 'a' }), { namespace: 'blue' });
  collect();
  expect(known).toEqual({ root: 0, state: 2 });
  expect(counted.map((line) => line.replace('hawser_leases_changes_total ', ''))).toEqual([
    'created 1',
    'created 1',
    'renewed 1',
    'updated 1',
    'deleted 1',
    'created 1',
  ]);
});
