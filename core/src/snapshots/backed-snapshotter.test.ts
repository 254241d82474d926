import { describe, expect, test } from 'vitest';
import type { BackedSnapshotter } from '../metadata/snapshot-backend.ts';
import { type TestContext, testContext } from '../testing/context.ts';
import { startCore, type TestCore } from '../testing/core.ts';
import { signal } from '../testing/garbage.fixture.ts';
import { MemoryBackend } from '../testing/memory-backend.ts';

const ROOTED = { signal, labels: { 'gc.root': 'yes' } };
const codeOf = (error: unknown) => (error instanceof Error && 'code' in error ? error.code : error);

interface Bench extends AsyncDisposable {
  readonly core: TestCore;
  readonly context: TestContext;
  readonly backend: MemoryBackend;
  readonly layers: BackedSnapshotter;
}

async function open(backend = new MemoryBackend()): Promise<Bench> {
  const context = testContext();
  const core = await startCore({ context });
  const layers = core.snapshots.openBacked({ type: 'layer', store: 'state', backend });
  const end = async () => {
    await layers[Symbol.asyncDispose]();
    await core[Symbol.asyncDispose]();
  };
  return { core, context, backend, layers, [Symbol.asyncDispose]: end };
}

const keys = ({ core, layers }: Bench) => core.metadata.read('state', (tx) => Array.from(layers.records.walk(tx), ({ key }) => key));
const condemned = ({ core }: Bench) => core.gc.status().condemned.map(({ type }) => type);

describe('a backend that fails', () => {
  test('at prepare: the caller has its error, and what it may have left is removed', async () => {
    await using bench = await open();
    bench.backend.after = (method) => {
      if (method === 'prepare') throw new Error('half made');
    };
    await expect(bench.layers.prepare('a', ROOTED)).rejects.toThrow('half made');
    await expect.poll(() => bench.backend.objects.size).toBe(0);
    await expect.poll(() => condemned(bench)).toEqual([]);
    expect(keys(bench)).toEqual([]);
  });

  test('at commit: it stays active, and a second attempt makes it', async () => {
    await using bench = await open();
    await bench.layers.prepare('a', ROOTED);
    bench.backend.before = (method) => {
      if (method === 'commit') throw new Error('not now');
    };
    await expect(bench.layers.commit('a', { signal })).rejects.toThrow('not now');
    expect(bench.layers.mounts('a')).toMatchObject({ in: 'memory' });
    bench.backend.before = () => {};
    expect((await bench.layers.commit('a', { signal })).kind).toBe('committed');
  });

  test('at remove: the key is free at once, and the removal is tried again until it succeeds', async () => {
    await using bench = await open();
    let broken = true;
    bench.backend.before = (method) => {
      if (method === 'remove' && broken) throw new Error('the volume is busy');
    };
    await bench.layers.prepare('a', ROOTED);
    await bench.layers.remove('a');
    await bench.layers.prepare('a', ROOTED);
    await expect.poll(() => bench.core.gc.status().condemned).toMatchObject([{ type: 'layer_object', lastError: 'the volume is busy' }]);
    expect(bench.backend.objects.size).toBe(2);
    broken = false;
    await bench.core.gc.run({ signal });
    await expect.poll(() => bench.backend.objects.size).toBe(1);
    expect(keys(bench)).toEqual(['a']);
  });

  test('at list: backend and store are compared later', async () => {
    const backend = new MemoryBackend();
    let failures = 2;
    backend.before = (method) => {
      if (method === 'list' && failures-- > 0) throw new Error('the cloud is away');
    };
    await using bench = await open(backend);
    let found: unknown;
    bench.layers.compared.then(
      (findings) => (found = findings),
      () => undefined,
    );
    for (let n = 0; n < 10 && found === undefined; n++) await bench.context.clock.advance(2_000);
    expect(found).toEqual({ orphans: [], lost: [] });
  });
});

describe('a backend that hangs', () => {
  test('keeps nobody: the caller leaves at its signal, and what comes of it afterwards is undone', async () => {
    await using bench = await open();
    const gate = Promise.withResolvers<void>();
    bench.backend.after = (method) => (method === 'prepare' ? gate.promise : undefined);
    const caller = new AbortController();
    const outcome = bench.layers.prepare('a', { ...ROOTED, signal: caller.signal }).catch((error: unknown) => error);
    await expect.poll(() => bench.backend.objects.size).toBe(1);
    caller.abort(new Error('left'));
    expect(await outcome).toMatchObject({ message: 'left' });
    await bench.core.gc.run({ signal });
    expect(bench.backend.objects.size, 'nobody removes under the hands of who is at work').toBe(1);
    gate.resolve();
    await expect.poll(() => bench.backend.objects.size).toBe(0);
    expect(keys(bench)).toEqual([]);
  });

  test('delays a removal of what it works on, and no other', async () => {
    await using bench = await open();
    for (const key of ['a', 'b']) await bench.layers.prepare(key, ROOTED);
    const gate = Promise.withResolvers<void>();
    bench.backend.before = (method) => (method === 'commit' ? gate.promise : undefined);
    const committing = bench.layers.commit('a', { signal }).catch(codeOf);
    for (const key of ['a', 'b']) await bench.layers.remove(key);
    await expect.poll(() => bench.backend.objects.size).toBe(1);
    gate.resolve();
    expect(await committing).toBe('snapshots.not_found');
    await expect.poll(() => bench.backend.objects.size).toBe(0);
  });

  test('and is told to stop: the stop waits for it, and the next start finds agreement', async () => {
    const backend = new MemoryBackend();
    const bench = await open(backend);
    backend.before = (method, _id, abort) =>
      method === 'prepare' ? new Promise((_resolve, reject) => abort.addEventListener('abort', () => reject(abort.reason))) : undefined;
    const outcome = bench.layers.prepare('a', ROOTED).catch(codeOf);
    await expect.poll(() => backend.calls.length).toBe(1);
    await bench[Symbol.asyncDispose]();
    expect(await outcome).toBe('snapshots.closed');
    expect(await bench.layers.prepare('b', ROOTED).catch(codeOf)).toBe('snapshots.closed');
  });
});

describe('what changes while a backend is at work', () => {
  /** Runs once, in the middle of the first prepare, or of what is told. */
  const meanwhile = (bench: Bench, change: () => Promise<unknown>, at = 'prepare') => {
    bench.backend.after = async (method) => {
      if (method !== at) return;
      bench.backend.after = () => {};
      await change();
    };
  };

  test('its parent is removed: not_found, and nothing is left', async () => {
    await using bench = await open();
    await bench.layers.prepare('base', ROOTED);
    await bench.layers.commit('base', { signal });
    meanwhile(bench, () => bench.layers.remove('base'));
    expect(await bench.layers.prepare('top', { ...ROOTED, parents: ['layer/base'] }).catch(codeOf)).toBe('snapshots.not_found');
    await expect.poll(() => bench.backend.objects.size).toBe(0);
  });

  test('its parent is removed and made anew: not_found, for it would stand on what is gone', async () => {
    await using bench = await open();
    const base = async () => (await bench.layers.prepare('base', ROOTED), bench.layers.commit('base', { signal }));
    await base();
    meanwhile(bench, async () => (await bench.layers.remove('base'), base()));
    expect(await bench.layers.prepare('top', { ...ROOTED, parents: ['layer/base'] }).catch(codeOf)).toBe('snapshots.not_found');
    await expect.poll(() => bench.backend.objects.size).toBe(1);
  });

  test('what is committed is removed and made anew: not_found, and the new one stays as it is', async () => {
    await using bench = await open();
    await bench.layers.prepare('a', ROOTED);
    meanwhile(bench, async () => (await bench.layers.remove('a'), bench.layers.prepare('a', ROOTED)), 'commit');
    expect(await bench.layers.commit('a', { signal }).catch(codeOf)).toBe('snapshots.not_found');
    await expect.poll(() => bench.backend.objects.size).toBe(1);
    const { kind, data } = bench.core.metadata.read('state', (tx) => bench.layers.records.stat(tx, 'a'));
    expect([kind, [data.id]]).toEqual(['active', [...bench.backend.objects.keys()]]);
  });

  test('its lease is deleted: not_found, and nothing is left', async () => {
    await using bench = await open();
    const { core } = bench;
    await core.metadata.write('state', (tx) => core.leases.create(tx, { id: 'l' }));
    meanwhile(bench, () => core.metadata.write('state', (tx) => core.leases.delete(tx, 'l')));
    expect(await bench.layers.prepare('a', { signal, lease: 'l' }).catch(codeOf)).toBe('leases.not_found');
    await expect.poll(() => bench.backend.objects.size).toBe(0);
  });

  test('a collection runs: what is being made is no garbage', async () => {
    await using bench = await open();
    meanwhile(bench, () => bench.core.gc.run({ signal }));
    await bench.layers.prepare('a', ROOTED);
    expect([keys(bench), bench.backend.objects.size]).toEqual([['a'], 1]);
  });
});

test('parents of other types are kept too, and a backend hears of its own objects alone', async () => {
  await using bench = await open();
  using plain = bench.core.snapshots.open<Record<string, never>>({ type: 'plain', store: 'state' });
  await bench.core.metadata.write('state', (tx) => plain.prepare(tx, 'p', { data: {}, committed: true, labels: { 'gc.root': 'yes' } }));
  await bench.layers.prepare('base', ROOTED);
  const { data } = await bench.layers.commit('base', { signal });
  const top = await bench.layers.prepare('top', { ...ROOTED, parents: ['plain/p', 'layer/base'] });
  expect(top.parents).toEqual(['plain/p', 'layer/base']);
  expect(bench.backend.objects.get(top.data.id)?.object.parents).toEqual([data.id]);
  await bench.core.metadata.write('state', (tx) => plain.update(tx, 'p', { labels: { 'gc.root': '' } }));
  await bench.core.gc.run({ signal });
  expect(bench.core.metadata.read('state', (tx) => plain.get(tx, 'p'))).toBeDefined();
});

test('a type whose plugin has stopped is left as it is, and holds up the collection of no other', async () => {
  const backend = new MemoryBackend();
  await using bench = await open(backend);
  using plain = bench.core.snapshots.open<Record<string, never>>({ type: 'plain', store: 'state' });
  await bench.layers.prepare('a', ROOTED);
  await bench.layers.remove('a');
  await expect.poll(() => backend.objects.size).toBe(0);
  await bench.layers.prepare('left', { signal });
  await bench.layers[Symbol.asyncDispose]();
  await bench.core.metadata.write('state', (tx) => plain.prepare(tx, 'p', { data: {}, committed: true }));
  await bench.core.gc.run({ signal });
  expect(
    Array.from(
      bench.core.metadata.read('state', (tx) => [...bench.core.snapshots.list(tx)]),
      ({ type }) => type,
    ),
  ).toEqual(['layer']);
  expect(backend.objects.size).toBe(1);
  await using again = bench.core.snapshots.openBacked({ type: 'layer', store: 'state', backend });
  expect(await again.compared).toEqual({ orphans: [], lost: [] });
  await bench.core.gc.run({ signal });
  await expect.poll(() => backend.objects.size).toBe(0);
});

test('what is made while the backend is listed is neither lost nor an orphan', async () => {
  const gate = Promise.withResolvers<void>();
  const told = Promise.withResolvers<void>();
  class SlowList extends MemoryBackend {
    override async *list(): AsyncIterable<string> {
      const ids = [...this.objects.keys()];
      told.resolve();
      await gate.promise;
      yield* ids;
    }
  }
  const backend = new SlowList();
  await using bench = await open(backend);
  await told.promise;
  await bench.layers.prepare('new', ROOTED);
  gate.resolve();
  expect(await bench.layers.compared).toEqual({ orphans: [], lost: [] });
});

test('many objects are compared in slices, all of them once', async () => {
  const backend = new MemoryBackend();
  await using bench = await open(backend);
  const count = 600;
  await bench.core.namespaces.create('blue');
  for (const namespace of ['default', 'blue'])
    await Promise.all(Array.from({ length: count }, (_, n) => bench.layers.prepare(`k${n}`, { ...ROOTED, namespace })));
  const ids = [...backend.objects.keys()];
  for (const id of ids.slice(0, 400)) backend.objects.delete(id);
  for (let n = 0; n < 400; n++)
    await backend.prepare({ id: `default.${String(n).padStart(26, '0')}`, kind: 'active', parents: [] }, signal);
  await bench.layers[Symbol.asyncDispose]();
  await using again = bench.core.snapshots.openBacked({ type: 'layer', store: 'state', backend });
  const { lost, orphans } = await again.compared;
  expect(new Set(lost.map(({ id }) => id))).toEqual(new Set(ids.slice(0, 400)));
  expect(new Set(orphans).size).toBe(400);
});

test('many orphans are removed in bounded transactions, also those of a namespace that the store no longer knows', async () => {
  const backend = new MemoryBackend();
  const made = (namespace: string, n: number) =>
    backend.prepare({ id: `${namespace}.${String(n).padStart(26, '0')}`, kind: 'active', parents: [] }, signal);
  for (let n = 0; n < 1_000; n++) await made('default', n);
  await made('forgotten', 0);
  await using bench = await open(backend);
  expect((await bench.layers.compared).orphans).toHaveLength(1_001);
  const largest: number[] = [];
  using _observed = bench.core.metadata.onCommit(() => void largest.push(bench.core.gc.status().condemned.length));
  await bench.context.clock.advance(600_000);
  await expect.poll(() => backend.objects.size, { timeout: 20_000 }).toBe(0);
  expect(largest[0]).toBeLessThanOrEqual(250);
  await expect.poll(() => condemned(bench)).toEqual([]);
});

test('a type is opened once; a name that is taken leaves nothing half open', async () => {
  await using bench = await open();
  const again = () => bench.core.snapshots.openBacked({ type: 'layer', store: 'state', backend: new MemoryBackend() });
  expect(again).toThrow('type layer is registered already');
  await bench.layers.prepare('a', ROOTED);
  const taken = bench.core.snapshots.open<Record<string, never>>({ type: 'volume_object', store: 'state' });
  const volume = () => bench.core.snapshots.openBacked({ type: 'volume', store: 'state', backend: new MemoryBackend() });
  expect(volume).toThrow('type volume_object is registered already');
  taken[Symbol.dispose]();
  await using volumes = volume();
  expect(await volumes.compared).toEqual({ orphans: [], lost: [] });
});
