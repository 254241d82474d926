import { afterEach, beforeEach, expect, test } from 'vitest';
import { testContext } from '../testing/context.ts';
import { startCore, type TestCore } from '../testing/core.ts';
import type { HawserError } from '../errors/index.ts';
import { metadataErrors } from '../metadata/errors.ts';
import type { Attachments } from '../network/index.ts';
import type { Client } from './client.ts';
import { openClient } from './open-client.ts';
import { agentView } from './agent-view.fixture.ts';
import { serveView } from './served-view.fixture.ts';
import { attachedRecord, servicesOf } from './services.fixture.ts';

const never = new AbortController().signal;
let core: TestCore;
let client: Client;
let damaged: HawserError[];
let stack: AsyncDisposableStack;
beforeEach(async () => {
  stack = new AsyncDisposableStack();
  core = stack.use(await startCore({ context: testContext() }));
  damaged = [];
  const list: Attachments['list'] = (onDamaged) => {
    for (const refusal of damaged) onDamaged?.(refusal);
    return [attachedRecord('c2'), attachedRecord('c1'), attachedRecord('c3', 'macvlan')];
  };
  const services = servicesOf(core, { list });
  const { path } = stack.use(await serveView(agentView(services)));
  client = openClient({ socket: path });
});
afterEach(() => stack.disposeAsync());

const makeLeases = async (): Promise<void> => {
  for (const store of ['state', 'root'] as const)
    await core.metadata.write(store, (tx) => {
      for (let n = 0; n < 7; n++) core.leases.create(tx, { id: `${store}-${n}`, labels: { parity: String(n % 2), store } });
    });
};
const idsOf = (items: readonly { readonly id: string }[]) => items.map(({ id }) => id);

test('filters are evaluated in the agent, over both stores', async () => {
  await makeLeases();
  expect(await client.leases.list(never)).toHaveLength(14);
  expect(idsOf(await client.leases.list(never, { filters: ['labels.parity==1,store==root'] }))).toEqual(['root-1', 'root-3', 'root-5']);
  expect(idsOf(await client.leases.list(never, { filters: ['id==state-0', 'id~=/^root-[45]$/'] }))).toEqual([
    'state-0',
    'root-4',
    'root-5',
  ]);
  expect(await client.leases.list(never, { filters: ['id==none'] })).toEqual([]);
});

test('a listing is given in pages, over the seam between the stores and whatever is written meanwhile', async () => {
  await makeLeases();
  const listed: string[] = [];
  for (let after: string | undefined; ;) {
    const { items, next } = await client.leases.page(never, {
      limit: 2,
      filters: ['labels.parity'],
      ...(after === undefined ? {} : { after }),
    });
    expect(items.length).toBeLessThanOrEqual(2);
    listed.push(...idsOf(items));
    if (next === undefined) break;
    after = next;
    await core.metadata.write('state', (tx) => core.leases.create(tx, { id: `a${listed.length}`, labels: { parity: 'x' } }));
  }
  expect(listed).toEqual(['state', 'root'].flatMap((store) => Array.from({ length: 7 }, (_, n) => `${store}-${n}`)));
});

test('snapshots, claims and attachments take the same filters and pages', async () => {
  await core.metadata.write('state', (tx) => {
    core.leases.create(tx, { id: 'l' });
    for (const key of ['10.0.0.1', '10.0.0.2'])
      core.claims.take(tx, { type: 'address', key, holder: { containerId: 'c1', ifname: 'eth0' }, data: {}, lease: 'l' });
  });
  expect((await client.snapshots.list(never, { filters: ['name==claim/address/10.0.0.2'] })).map(({ key }) => key)).toEqual([
    'address/10.0.0.2',
  ]);
  expect((await client.claims.list(never, { filters: ['key~=2$', 'state==cooling'] })).map(({ key }) => key)).toEqual(['10.0.0.2']);
  const first = await client.claims.page(never, { limit: 1 });
  expect((await client.claims.page(never, { limit: 1, after: first.next ?? '' })).items.map(({ key }) => key)).toEqual(['10.0.0.2']);
  const bridged = await client.attachments.page(never, { filters: ['mode==bridge'], limit: 1 });
  expect(bridged.items.map(({ containerId }) => containerId)).toEqual(['c1']);
  expect(
    (await client.attachments.page(never, { filters: ['mode==bridge'], after: bridged.next ?? '' })).items.map((one) => one.containerId),
  ).toEqual(['c2']);
});

test('attachments that can’t be read are told once, beside the others', async () => {
  damaged = [metadataErrors.damaged('the record c9 is not what was written', { details: { key: 'c9' } })];
  const { items, next = '', ...first } = await client.attachments.page(never, { limit: 2 });
  expect([items.length, first]).toEqual([2, { damaged: [{ message: 'the record c9 is not what was written', details: { key: 'c9' } }] }]);
  expect(Object.keys(await client.attachments.page(never, { limit: 2, after: next }))).toEqual(['items']);
  await expect(client.attachments.list(never)).rejects.toMatchObject({ code: 'metadata.damaged' });
});

test('a listing longer than a slice is whole', async () => {
  await core.metadata.write('state', (tx) => {
    for (let n = 0; n < 1800; n++) core.leases.create(tx, { id: `l${n}` });
  });
  expect(await client.leases.list(never)).toHaveLength(1800);
  expect(idsOf(await client.leases.list(never, { filters: ['id~=/^l17.9$/'] }))).toEqual([
    'l1709',
    'l1719',
    'l1729',
    'l1739',
    'l1749',
    'l1759',
    'l1769',
    'l1779',
    'l1789',
    'l1799',
  ]);
});

test.each([
  [{ filters: ['ok', 'id=x'] }, { code: 'filters.invalid', details: { filter: 'id=x', column: 3 } }],
  [{ filters: ['id~=['] }, { code: 'filters.invalid' }],
  [{ filters: Array.from({ length: 33 }, () => 'a') }, { code: 'api.bad_request' }],
  [{ limit: 0 }, { code: 'api.bad_request' }],
  [{ limit: 5001 }, { code: 'api.bad_request' }],
  [{ limit: 1.5 }, { code: 'api.bad_request' }],
  [{ after: 'x' }, { code: 'api.bad_request' }],
  [{ after: 'state' }, { code: 'api.bad_request' }],
  [{ after: 'state.bm9uZQ' }, { code: 'metadata.invalid_cursor' }],
  [{ after: 'x'.repeat(5000) }, { code: 'api.bad_request' }],
])('%j is refused by name, also where there is nothing to list', async (selection, error) => {
  await expect(client.leases.page(never, selection)).rejects.toMatchObject(error);
});

test('labels of a lease are changed by field paths, and nothing else can be', async () => {
  await core.metadata.write('state', (tx) => core.leases.create(tx, { id: 'l', labels: { a: '1', b: '2' } }));
  expect((await client.leases.update('l', { a: '9', 'x.y': '3' }, ['labels.a', 'labels.x.y'], never)).labels).toEqual({
    a: '9',
    b: '2',
    'x.y': '3',
  });
  expect((await client.leases.update('l', {}, ['labels.a'], never)).labels).toEqual({ b: '2', 'x.y': '3' });
  expect((await client.leases.update('l', { c: '1' }, [], never)).labels).toEqual({ c: '1' });
  await expect(client.leases.update('l', { c: '1' }, ['id'], never)).rejects.toMatchObject({
    code: 'metadata.invalid_field_path',
    kind: 'InvalidArgument',
  });
  await expect(client.leases.update('l', { c: 'x'.repeat(4096) }, ['labels'], never)).rejects.toMatchObject({
    code: 'leases.invalid_labels',
  });
});
