import { afterEach, beforeEach, expect, test } from 'vitest';
import { Gc } from '../gc/gc.ts';
import { Leases } from '../leases/leases.ts';
import { Snapshots } from '../metadata/snapshots.ts';
import { Metadata } from '../metadata/store.ts';
import { testContext } from '../testing/context.ts';
import { startCore, type TestCore } from '../testing/core.ts';
import { names, openType } from '../testing/garbage.fixture.ts';
import { MemoryBackend } from '../testing/memory-backend.ts';
import type { Client } from './client.ts';
import { openClient } from './open-client.ts';
import { agentView } from './agent-view.fixture.ts';
import { serveView } from './served-view.fixture.ts';

const never = new AbortController().signal;
let core: TestCore;
let client: Client;
let stack: AsyncDisposableStack;
beforeEach(async () => {
  stack = new AsyncDisposableStack();
  core = stack.use(await startCore({ context: testContext() }));
  const services = new Map<string, unknown>([
    [Metadata.id, core.metadata],
    [Gc.id, core.gc],
    [Leases.id, core.leases],
    [Snapshots.id, core.snapshots],
  ]);
  const { path } = stack.use(await serveView(agentView(services)));
  client = openClient({ socket: path });
});
afterEach(() => stack.disposeAsync());

test('resources are put under a lease and taken out of it', async () => {
  using _things = openType(core, 'thing');
  await client.leases.create({ id: 'l' }, never);
  const resource = { type: 'thing', key: 'a/b c' };
  expect((await client.leases.addResource('l', resource, never)).resources).toEqual([resource]);
  expect((await client.leases.removeResource('l', resource, never)).resources).toEqual([]);
  await expect(client.leases.addResource('none', resource, never)).rejects.toMatchObject({ kind: 'NotFound' });
  await expect(client.leases.addResource('l', { type: 'No Type', key: 'a' }, never)).rejects.toMatchObject({ code: 'api.bad_request' });
});

test('what nobody keeps is not put under a lease: whoever asked would take it for protected', async () => {
  await client.leases.create({ id: 'l' }, never);
  const misspelt = client.leases.addResource('l', { type: 'thnig', key: 'a' }, never);
  await expect(misspelt).rejects.toMatchObject({ code: 'leases.unknown_type', message: "nothing here is of the type 'thnig'" });
  expect(await client.leases.get('l', never)).toMatchObject({ resources: [] });
});

test('a lease is deleted at once, or waits for what only it kept', async () => {
  const gate = Promise.withResolvers<void>();
  using things = openType(core, 'thing', () => gate.promise);
  for (const id of ['quick', 'sync']) {
    await client.leases.create({ id }, never);
    await core.metadata.write('state', (tx) => things.make(tx, id), { lease: id });
  }
  await client.leases.delete('quick', never);
  const waiting = client.leases.delete('sync', never, { sync: true });
  await expect.poll(() => core.metadata.read('state', (tx) => core.leases.get(tx, 'sync'))).toBeUndefined();
  expect(names(core)).toContain('thing/sync');
  gate.resolve();
  await waiting;
  expect(names(core)).not.toContain('thing/sync');
  await expect(client.leases.delete('sync', never, { sync: true })).rejects.toMatchObject({ kind: 'NotFound' });
});

test('usage is told by the backend, or is that of the record', async () => {
  using things = openType(core, 'thing');
  await core.metadata.write('root', (tx) => core.leases.create(tx, { id: 'r' }));
  await core.metadata.write('state', (tx) => things.make(tx, 'a', { labels: { 'gc.root': 'yes' } }));
  await using layers = core.snapshots.openBacked({ type: 'layer', store: 'root', backend: new MemoryBackend() });
  await layers.prepare('a', { signal: never, lease: 'r' });
  expect(await client.snapshots.usage({ type: 'layer', key: 'a' }, never)).toEqual({ bytes: 1_000, items: 1 });
  expect(await client.snapshots.usage({ type: 'thing', key: 'a' }, never)).toEqual({ bytes: expect.any(Number) as number, items: 1 });
  await expect(client.snapshots.usage({ type: 'thing', key: 'none' }, never)).rejects.toMatchObject({ kind: 'NotFound' });
});
