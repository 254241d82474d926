import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { HawserError } from '../errors/index.ts';
import type { ListOptions } from '../metadata/listing.ts';
import { defineCollection, type StoreName } from '../metadata/store.ts';
import { countedMetrics } from '../testing/counted.ts';
import { testContext } from '../testing/context.ts';
import { startCore, type TestCore } from '../testing/core.ts';
import { openType } from '../testing/garbage.fixture.ts';
import { NamespaceStore } from './namespace-store.ts';

const signal = new AbortController().signal;
const blue = { namespace: 'blue' };
const codeOf = (error: unknown): string => (error instanceof HawserError ? error.code : String(error));
const coded = (work: Promise<unknown>): Promise<string> => work.then(() => 'done', codeOf);
const open = () => startCore({ context: testContext() });
const page = (core: TestCore, options?: ListOptions) => core.metadata.read('root', (tx) => core.namespaces.page(tx, options));
const namesIn = (core: TestCore, options?: ListOptions) => page(core, options).items.map(({ name }) => name);
const lease = (core: TestCore, store: StoreName, id: string) =>
  core.metadata.write(store, (tx) => void core.leases.create(tx, { id }), blue);

describe('a namespace', () => {
  test('is made with labels, shown, listed, labelled and deleted', async () => {
    await using core = await open();
    const { namespaces } = core;
    expect(await namespaces.create('blue', { labels: { team: 'net', none: '' } })).toEqual({ name: 'blue', labels: { team: 'net' } });
    expect(namespaces.get('blue')).toEqual({ name: 'blue', labels: { team: 'net' } });
    expect(namesIn(core)).toEqual(['blue', 'default']);
    expect(await namespaces.update('blue', { labels: { owner: 'me' } })).toEqual({ name: 'blue', labels: { team: 'net', owner: 'me' } });
    await namespaces.delete('blue');
    expect([namespaces.get('blue'), namesIn(core)]).toEqual([undefined, ['default']]);
    expect(await namespaces.create('blue')).toEqual({ name: 'blue', labels: {} });
  });

  test('has an identifier for a name, once', async () => {
    await using core = await open();
    for (const name of ['', 'a b', '../x', 'a\0b', '-a', 'n'.repeat(77)]) {
      expect(await coded(core.namespaces.create(name))).toBe('metadata.invalid_namespace');
      expect(() => core.namespaces.get(name)).toThrow(expect.objectContaining({ code: 'metadata.invalid_namespace' }));
    }
    await core.namespaces.create('n'.repeat(76));
    await core.namespaces.create('blue');
    expect(await coded(core.namespaces.create('blue'))).toBe('namespaces.already_exists');
    expect(await coded(core.namespaces.create('default'))).toBe('namespaces.already_exists');
  });

  test('is changed by field paths, like whatever has labels', async () => {
    await using core = await open();
    const { namespaces } = core;
    await namespaces.create('blue', { labels: { a: '1', b: '2' } });
    const labels = async (changes: Record<string, string>, fields?: readonly string[]) =>
      (await namespaces.update('blue', { labels: changes, ...(fields === undefined ? {} : { fields }) })).labels;
    expect(await labels({ a: '9', b: '9' }, ['labels.a'])).toEqual({ a: '9', b: '2' });
    expect(await labels({}, ['labels.a'])).toEqual({ b: '2' });
    expect(await labels({ b: '' })).toEqual({});
    expect(await labels({ c: '1', d: '' }, ['labels'])).toEqual({ c: '1' });
    expect(await labels({ e: '1' }, [])).toEqual({ e: '1' });
    for (const field of ['name', 'size', 'labels.']) {
      const refused = await coded(namespaces.update('blue', { labels: { x: 'y' }, fields: [field] }));
      expect(refused).toBe(field === 'labels.' ? 'namespaces.invalid_labels' : 'metadata.invalid_field_path');
    }
    expect(await coded(namespaces.update('blue', { labels: { long: 'x'.repeat(4093) } }))).toBe('namespaces.invalid_labels');
    expect(await coded(namespaces.create('green', { labels: { long: 'x'.repeat(4093) } }))).toBe('namespaces.invalid_labels');
    expect(namespaces.get('blue')?.labels).toEqual({ e: '1' });
  });

  test('that is not there can be neither shown, changed nor deleted', async () => {
    await using core = await open();
    const { namespaces } = core;
    expect(await coded(namespaces.update('blue', { labels: {} }))).toBe('metadata.unknown_namespace');
    expect(await coded(namespaces.delete('blue'))).toBe('metadata.unknown_namespace');
    for (const look of [() => namespaces.stat('blue'), () => namespaces.contents('blue')])
      expect(look).toThrow(expect.objectContaining({ code: 'metadata.unknown_namespace', kind: 'NotFound' }));
  });

  test('called default is always there: it takes labels, and is not deleted', async () => {
    await using core = await open();
    expect(core.namespaces.get('default')).toEqual({ name: 'default', labels: {} });
    expect((await core.namespaces.update('default', { labels: { a: 'b' } })).labels).toEqual({ a: 'b' });
    expect(await coded(core.namespaces.delete('default'))).toBe('namespaces.is_default');
  });

  test('is listed with filters, in pages that bear writes between them', async () => {
    await using core = await open();
    for (const name of ['a', 'b', 'c', 'd']) await core.namespaces.create(name, { labels: { odd: String(name === 'a' || name === 'c') } });
    expect(namesIn(core, { filters: ['labels.odd==true', 'name==d'] })).toEqual(['a', 'c', 'd']);
    const first = page(core, { limit: 2 });
    await core.namespaces.delete('b');
    await core.namespaces.create('b2');
    expect(namesIn(core, { after: first.next ?? '' })).toEqual(['b2', 'c', 'd', 'default']);
  });

  test('outlives a reboot, which takes what the state store held in it', async () => {
    await using stack = new AsyncDisposableStack();
    const folder = await mkdtemp(join(tmpdir(), 'hwt-spaces-'));
    stack.defer(() => rm(folder, { recursive: true }));
    {
      await using core = await startCore({ context: testContext(), folder, bootId: async () => 'one' });
      await core.namespaces.create('blue', { labels: { a: 'b' } });
      await lease(core, 'root', 'kept');
      await lease(core, 'state', 'lost');
    }
    await using core = await startCore({ context: testContext(), folder, bootId: async () => 'two' });
    expect(core.namespaces.get('blue')?.labels).toEqual({ a: 'b' });
    expect(core.namespaces.contents('blue')).toMatchObject([{ store: 'root', example: 'kept', count: 1 }]);
    expect(await coded(lease(core, 'state', 'again'))).toBe('done');
  });

  test('tells of each change in its own name, and is counted', async () => {
    await using core = await open();
    const metrics = countedMetrics();
    const namespaces = new NamespaceStore({ ...core, metrics });
    await namespaces.create('blue', { labels: { a: 'b' } });
    await namespaces.update('blue', { labels: { a: '' } });
    await coded(namespaces.create('blue'));
    await namespaces.delete('blue');
    expect(Array.from(core.events.history({ topics: ['/namespaces'] }), ({ namespace, topic, data }) => [namespace, topic, data])).toEqual([
      ['blue', '/namespaces/create', { name: 'blue', labels: { a: 'b' } }],
      ['blue', '/namespaces/update', { name: 'blue', labels: {} }],
      ['blue', '/namespaces/delete', { name: 'blue' }],
    ]);
    const counted = (change: string) => metrics.values.get(`hawser_namespaces_changes_total{change="${change}"}`);
    expect(['created', 'updated', 'deleted'].map(counted)).toEqual([1, 1, 1]);
  });
});

describe('whoever writes into an unknown namespace', () => {
  test.each(['root', 'state'] as const)('is refused in the %s store, and nothing of it is kept', async (store) => {
    await using core = await open();
    const things = defineCollection<number>(store, 'things');
    expect(await coded(lease(core, store, 'l'))).toBe('metadata.unknown_namespace');
    const mixed = core.metadata.write(store, (tx) => {
      tx.put(things, 'here', 1);
      tx.in('blue').put(things, 'there', 1);
    });
    expect(await coded(mixed)).toBe('metadata.unknown_namespace');
    expect(core.metadata.read(store, (tx) => [tx.has(things, 'here'), [...tx.in('blue').keys(things)]])).toEqual([false, []]);
    await core.namespaces.create('blue');
    expect(await coded(lease(core, store, 'l'))).toBe('done');
  });

  test('may read there, delete what is not there, and tell of it', async () => {
    await using core = await open();
    const things = defineCollection<number>('state', 'things');
    const told = core.metadata.write(
      'state',
      (tx) => {
        core.events.publish(tx, { topic: '/test/happened', data: {} });
        return [tx.get(things, 'a'), tx.delete(things, 'a')];
      },
      blue,
    );
    expect(await told).toEqual([undefined, false]);
    expect(Array.from(core.events.history(), ({ namespace }) => namespace)).toEqual(['blue']);
  });
});

describe('deleting a namespace', () => {
  test.each(['root', 'state'] as const)('is refused while the %s store holds something in it, and says what', async (store) => {
    await using core = await open();
    await core.namespaces.create('blue');
    await lease(core, store, 'l1');
    await lease(core, store, 'l2');
    const refused = core.namespaces.delete('blue');
    await expect(refused).rejects.toMatchObject({
      code: 'namespaces.not_empty',
      kind: 'FailedPrecondition',
      message: 'the namespace blue holds leases (2, e.g. l1)',
      details: { namespace: 'blue', contents: [{ store, collection: 'leases', count: 2, more: false, example: 'l1' }] },
    });
    expect(core.metadata.read(store, (tx) => core.leases.get(tx, 'l2'), blue)).toMatchObject({ id: 'l2' });
    await core.metadata.write(store, (tx) => ['l1', 'l2'].forEach((id) => core.leases.delete(tx, id)), blue);
    expect(await coded(core.namespaces.delete('blue'))).toBe('done');
  });

  test('names each type of what is there, how many up to a bound, and one of them', async () => {
    await using core = await open();
    await core.namespaces.create('blue');
    using things = openType(core, 'thing');
    using others = openType(core, 'other');
    await core.metadata.write(
      'state',
      (tx) => {
        core.leases.create(tx, { id: 'l' });
        for (let n = 0; n < 150; n++) things.make(tx, `t${String(n).padStart(3, '0')}`, { lease: 'l' });
        others.make(tx, 'o', { labels: { app: 'web' }, lease: 'l' });
        tx.put(defineCollection('state', 'acme.cursors'), '10.0.0.0/8', 'x');
      },
      blue,
    );
    expect(core.namespaces.contents('blue')).toEqual([
      { store: 'state', collection: 'acme.cursors', count: 1, more: false, example: '10.0.0.0/8' },
      { store: 'state', collection: 'leases', count: 1, more: false, example: 'l' },
      { store: 'state', collection: 'snapshots', type: 'other', count: 1, more: false, example: 'other/o' },
      { store: 'state', collection: 'snapshots', type: 'thing', count: 100, more: true, example: 'thing/t000' },
    ]);
    await expect(core.namespaces.delete('blue')).rejects.toThrow('snapshots of type thing (at least 100, e.g. thing/t000)');
  });

  test('sees what only a plugin that is off knows, and a link that nothing else is left of', async () => {
    await using core = await open();
    await core.namespaces.create('blue');
    const links = defineCollection('state', 'leased');
    await core.metadata.write('state', (tx) => tx.put(links, 'thing/a\0gone', {}), blue);
    await expect(core.namespaces.delete('blue')).rejects.toMatchObject({ details: { contents: [{ collection: 'leased', count: 1 }] } });
  });

  test('waits for nothing: what is condemned and not yet cleaned up is in it', async () => {
    await using core = await open();
    await core.namespaces.create('blue');
    const gate = Promise.withResolvers<void>();
    using things = openType(core, 'thing', () => gate.promise);
    await core.metadata.write('state', (tx) => things.make(tx, 'a'), blue);
    const collected = core.gc.collect({ type: 'thing', key: 'a' }, { signal, ...blue });
    await expect.poll(() => core.gc.status().condemned).toHaveLength(1);
    expect(await coded(core.namespaces.delete('blue'))).toBe('namespaces.not_empty');
    gate.resolve();
    await collected;
    await expect.poll(() => coded(core.namespaces.delete('blue'))).toBe('done');
  });

  test('leaves a name of which nothing is remembered', async () => {
    await using core = await open();
    using things = openType(core, 'thing');
    for (let round = 0; round < 2; round++) {
      await core.namespaces.create('blue');
      await lease(core, 'state', 'l');
      await core.metadata.write('state', (tx) => things.make(tx, 'a'), { ...blue, lease: 'l' });
      await core.leases.deleteAndCollect('l', { store: 'state', ...blue, signal });
      await core.namespaces.delete('blue');
      expect([
        ...core.metadata.read('root', (tx) => tx.namespaces()),
        ...core.metadata.read('state', (tx) => tx.namespaces()),
      ]).not.toContain('blue');
    }
  });
});
