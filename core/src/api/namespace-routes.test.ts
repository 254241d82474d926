import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { testContext } from '../testing/context.ts';
import { startCore, type TestCore } from '../testing/core.ts';
import { openType } from '../testing/garbage.fixture.ts';
import { agentView } from './agent-view.fixture.ts';
import type { Client } from './client.ts';
import { openClient } from './open-client.ts';
import { serveView } from './served-view.fixture.ts';
import { attachedRecord, servicesOf } from './services.fixture.ts';

const never = new AbortController().signal;
const attached = attachedRecord('c1');

let core: TestCore;
let stack: AsyncDisposableStack;
let clientOf: (namespace?: string) => Client;
beforeEach(async () => {
  stack = new AsyncDisposableStack();
  core = stack.use(await startCore({ context: testContext() }));
  const services = servicesOf(core, { get: () => attached, list: () => [attached], check: async () => undefined });
  const { path } = stack.use(await serveView(agentView(services)));
  clientOf = (namespace) => openClient({ socket: path, ...(namespace === undefined ? {} : { namespace }) });
});
afterEach(() => stack.disposeAsync());

const names = (items: readonly { readonly name: string }[]) => items.map(({ name }) => name);
const ids = (items: readonly { readonly id: string }[]) => items.map(({ id }) => id);

describe('namespaces over HTTP', () => {
  test('are made, listed, shown, labelled and deleted', async () => {
    const { namespaces } = clientOf();
    expect(await namespaces.create('blue', { team: 'net' }, never)).toEqual({ name: 'blue', labels: { team: 'net' } });
    await namespaces.create('green', {}, never);
    expect(names(await namespaces.list(never))).toEqual(['blue', 'default', 'green']);
    expect(names(await namespaces.list(never, { filters: ['labels.team==net', 'name==green'] }))).toEqual(['blue', 'green']);
    const first = await namespaces.page(never, { limit: 1 });
    expect(names((await namespaces.page(never, { limit: 1, after: first.next ?? '' })).items)).toEqual(['default']);
    expect((await namespaces.update('blue', { team: 'ops', a: 'b' }, ['labels.team'], never)).labels).toEqual({ team: 'ops' });
    expect(await namespaces.get('blue', never)).toEqual({ name: 'blue', labels: { team: 'ops' } });
    await namespaces.delete('blue', never);
    await expect(namespaces.get('blue', never)).rejects.toMatchObject({ code: 'metadata.unknown_namespace', kind: 'NotFound' });
  });

  test('are refused by name, when they are there already, or not empty, with what is in them', async () => {
    const { namespaces, leases } = clientOf('default');
    await expect(namespaces.create('no/slash', {}, never)).rejects.toMatchObject({ code: 'api.bad_request' });
    await expect(namespaces.create('default', {}, never)).rejects.toMatchObject({ code: 'namespaces.already_exists' });
    await expect(namespaces.update('default', { a: 'b' }, ['name'], never)).rejects.toMatchObject({ code: 'metadata.invalid_field_path' });
    await expect(namespaces.delete('default', never)).rejects.toMatchObject({ code: 'namespaces.is_default' });
    await expect(namespaces.delete('none', never)).rejects.toMatchObject({ code: 'metadata.unknown_namespace' });
    expect((await leases.create({ id: 'here' }, never)).namespace).toBe('default');
    await namespaces.create('blue', {}, never);
    await clientOf('blue').leases.create({ id: 'l' }, never);
    const contents = [{ store: 'state', collection: 'leases', count: 1, more: false, example: 'l' }];
    expect(await namespaces.contents('blue', never)).toEqual(contents);
    await expect(namespaces.delete('blue', never)).rejects.toMatchObject({ code: 'namespaces.not_empty', details: { contents } });
  });
});

describe('a call with a namespace', () => {
  test('sees and changes the leases of that one', async () => {
    await core.namespaces.create('blue');
    using _things = openType(core, 'thing');
    const [here, blue] = [clientOf().leases, clientOf('blue').leases];
    await here.create({ id: 'l' }, never);
    expect(await blue.create({ id: 'l', labels: { a: 'b' } }, never)).toMatchObject({ namespace: 'blue' });
    await blue.update('l', { a: 'c' }, ['labels.a'], never);
    await blue.renew('l', 60_000, never);
    await blue.addResource('l', { type: 'thing', key: 'x/y' }, never);
    expect(await blue.get('l', never)).toMatchObject({ namespace: 'blue', labels: { a: 'c' }, resources: [{ key: 'x/y' }] });
    expect((await blue.removeResource('l', { type: 'thing', key: 'x/y' }, never)).resources).toEqual([]);
    expect(await here.get('l', never)).toMatchObject({ namespace: 'default', labels: {} });
    await here.create({ id: 'alone' }, never);
    expect(ids(await blue.list(never))).toEqual(['l']);
    await blue.delete('l', never, { sync: true });
    expect([ids(await blue.list(never)), ids(await here.list(never))]).toEqual([[], ['alone', 'l']]);
    await expect(blue.get('alone', never)).rejects.toMatchObject({ kind: 'NotFound' });
  });

  test('sees the snapshots, claims and attachments of that one', async () => {
    await core.namespaces.create('blue');
    using things = openType(core, 'thing');
    await core.metadata.write(
      'state',
      (tx) => {
        core.leases.create(tx, { id: 'l' });
        things.make(tx, 'a', { lease: 'l' });
        core.claims.take(tx, { type: 'address', key: '10.0.0.1', holder: { containerId: 'c', ifname: 'e' }, data: {}, lease: 'l' });
      },
      { namespace: 'blue' },
    );
    const [here, blue] = [clientOf(), clientOf('blue')];
    expect((await blue.snapshots.list(never)).map(({ namespace, key }) => `${namespace} ${key}`)).toEqual([
      'blue address/10.0.0.1',
      'blue a',
    ]);
    expect(await blue.snapshots.usage({ type: 'thing', key: 'a' }, never)).toMatchObject({ items: 1 });
    expect((await blue.claims.list(never)).map(({ key }) => key)).toEqual(['10.0.0.1']);
    expect([await here.snapshots.list(never), await here.claims.list(never)]).toEqual([[], []]);
    await expect(here.snapshots.usage({ type: 'thing', key: 'a' }, never)).rejects.toMatchObject({ kind: 'NotFound' });
    // Attachments are of the default one.
    expect([(await here.attachments.list(never)).length, await blue.attachments.list(never)]).toEqual([1, []]);
    expect(await here.attachments.get(attached, never)).toMatchObject({ containerId: 'c1' });
    for (const call of ['get', 'check', 'detach'] as const)
      await expect(blue.attachments[call](attached, never)).rejects.toMatchObject({ code: 'attachments.not_found' });
  });

  test('is told the events of that one, by each filter', async () => {
    await core.namespaces.create('blue');
    for (const namespace of ['blue', 'default']) await clientOf(namespace).leases.create({ id: namespace }, never);
    const told = async (filters: readonly string[] = [], namespace?: string) => {
      const found: string[] = [];
      for await (const event of clientOf(namespace).events({ follow: false, from: 'start', filters, signal: never }))
        if ('topic' in event) found.push(`${event.namespace} ${event.topic}`);
      return found;
    };
    expect(await told([], 'blue')).toEqual(['blue /namespaces/create', 'blue /leases/created']);
    expect(await told(['topic==/leases/created', 'topic~="^/leases,"'], 'blue')).toEqual(['blue /leases/created']);
    expect(await told(['topic==/leases/created'])).toEqual(['blue /leases/created', 'default /leases/created']);
    await expect(told(['topic='], 'blue')).rejects.toMatchObject({ code: 'filters.invalid', details: { filter: 'topic=' } });
    await clientOf('blue').leases.delete('blue', never);
    await core.namespaces.delete('blue');
    expect(await told(['topic==/namespaces/delete'], 'blue')).toEqual(['blue /namespaces/delete']); // the journal outlives it
  });

  test('is told what collection did there', async () => {
    await core.namespaces.create('blue');
    using things = openType(core, 'thing');
    for (const namespace of ['blue', 'default']) await core.metadata.write('state', (tx) => things.make(tx, namespace), { namespace });
    const removed = async (namespace?: string) => {
      const report = await clientOf(namespace).gc.run({ dryRun: true, signal: never });
      return report.removed.map((node) => `${node.namespace} ${node.key}`).toSorted();
    };
    expect(await removed('blue')).toEqual(['blue blue']);
    expect(await removed()).toEqual(['blue blue', 'default default']);
    expect(await clientOf('blue').gc.run({ dryRun: false, signal: never })).toMatchObject({
      removed: [{ namespace: 'blue', key: 'blue' }],
    });
    expect((await clientOf('blue').gc.status(never)).lastRun?.report.removed).toMatchObject([{ namespace: 'blue' }]);
    expect((await clientOf().gc.status(never)).lastRun?.report.removed).toHaveLength(2);
  });

  test.each([
    ['none', 'metadata.unknown_namespace'],
    ['a b', 'api.bad_request'],
    ['', 'api.bad_request'],
    ['n'.repeat(77), 'api.bad_request'],
  ])('named %j is refused everywhere', async (namespace, code) => {
    const { leases, snapshots, claims, attachments, gc } = clientOf(namespace);
    const node = { type: 'thing', key: 'a' };
    const calls = [
      leases.list(never),
      leases.get('l', never),
      leases.create({}, never),
      leases.renew('l', 1, never),
      leases.delete('l', never),
      leases.addResource('l', node, never),
      leases.removeResource('l', node, never),
      snapshots.list(never),
      snapshots.usage(node, never),
      claims.list(never),
      attachments.list(never),
      attachments.get(attached, never),
      attachments.check(attached, never),
      attachments.detach(attached, never),
      gc.run({ dryRun: true, signal: never }),
      gc.status(never),
    ];
    for (const outcome of await Promise.allSettled(calls)) expect(outcome).toMatchObject({ status: 'rejected', reason: { code } });
  });
});
