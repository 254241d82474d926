import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { seededRandom } from '../context/seeded-random.ts';
import { heldClock } from '../testing/held-clock.ts';
import { openMetadata } from './lmdb-metadata.ts';
import { adoptNamespaces } from './namespace-records.ts';
import { defineCollection, type Metadata, type ReadTransaction } from './store.ts';

const log = pino({ level: 'silent' });
const things = defineCollection<number>('state', 'things');
const others = defineCollection<number>('state', 'others');
const turn = () => new Promise((resolve) => setImmediate(resolve));

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'hawser-view-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = () => openMetadata({ root: join(folder, 'root'), state: join(folder, 'state'), log });
const forever = new AbortController().signal;
const content = (tx: ReadTransaction) => Object.fromEntries(tx.entries(things));
const put = (metadata: Metadata, key: string, value: number, namespace?: string) =>
  metadata.write('state', (tx) => tx.put(things, key, value), namespace === undefined ? {} : { namespace });

test('a view stays as it was over many turns while writes go on, and reads beside it see them', async () => {
  await using metadata = await open();
  await put(metadata, 'a', 1);
  using view = metadata.view('state', forever);
  for (let round = 2; round < 30; round++) {
    await put(metadata, 'a', round);
    await put(metadata, `new${round}`, round);
    await new Promise((resolve) => setTimeout(resolve, 1));
    expect(content(view)).toEqual({ a: 1 });
    expect(view.get(things, 'a')).toBe(1);
    expect(view.has(things, `new${round}`)).toBe(false);
    expect(metadata.read('state', (tx) => tx.get(things, 'a'))).toBe(round);
  }
});

test('whatever is opened, read, written and closed in between, each view tells one moment', async () => {
  await using metadata = await open();
  const random = seededRandom(7, heldClock());
  const model: Record<string, number> = {};
  const views: { readonly view: ReturnType<Metadata['view']>; readonly expected: Record<string, number> }[] = [];
  for (let step = 0; step < 600; step++) {
    const choice = random.integer(5);
    if (choice === 0 && views.length < 8) views.push({ view: metadata.view('state', forever), expected: { ...model } });
    else if (choice === 1) views.splice(random.integer(views.length + 1), 1)[0]?.view[Symbol.dispose]();
    else if (choice === 2) await turn();
    else {
      const key = `k${random.integer(40)}`;
      model[key] = step;
      await put(metadata, key, step);
    }
    for (const { view, expected } of views) expect(content(view)).toEqual(expected);
    expect(metadata.read('state', content)).toEqual(model);
  }
  for (const { view } of views) view[Symbol.dispose]();
});

test('a view ends by its lifetime, by its reader and with the store; using it afterwards is an error', async () => {
  await using metadata = await open();
  const lifetime = new AbortController();
  const byLifetime = metadata.view('state', lifetime.signal);
  const byReader = metadata.view('state', lifetime.signal);
  byReader[Symbol.dispose]();
  byReader[Symbol.dispose]();
  lifetime.abort();
  const byStore = metadata.view('state', forever);
  const elsewhere = byStore.in('other');
  await metadata[Symbol.asyncDispose]();
  for (const view of [byLifetime, byReader, byStore, elsewhere])
    expect(() => view.get(things, 'a')).toThrow(expect.objectContaining({ code: 'metadata.transaction_ended' }));
  expect(() => metadata.view('state', forever)).toThrow(expect.objectContaining({ code: 'metadata.closed' }));
});

test('views that nobody disposes are refused before readers run out', async () => {
  await using metadata = await open();
  expect(() => {
    for (let count = 0; count < 100; count++) metadata.view('state', forever);
  }).toThrow(expect.objectContaining({ code: 'metadata.too_many_views' }));
});

test('namespaces are those that hold a record; keys and names of others are not among them', async () => {
  await using metadata = await open();
  expect(metadata.read('state', (tx) => tx.namespaces())).toEqual([]);
  await metadata.write('root', (tx) => adoptNamespaces(tx, ['blue', 'green.one']));
  await put(metadata, 'a', 1, 'blue');
  await put(metadata, 'a\0b', 1, 'green.one');
  await metadata.write('state', (tx) => tx.in('blue').put(others, 'z', 2));
  await metadata.write('state', (tx) => {
    tx.put(others, 'z', 2);
    expect(tx.namespaces()).toEqual(['blue', 'default', 'green.one']);
    tx.in('green.one').delete(things, 'a\0b');
  });
  expect(metadata.read('state', (tx) => tx.namespaces())).toEqual(['blue', 'default']);
  expect(metadata.read('state', (tx) => [...tx.in('blue').keys(things)])).toEqual(['a']);
});

test('who observes commits hears of each once, with its transactions, until it leaves', async () => {
  await using metadata = await open();
  const heard: [string, number][] = [];
  const observation = metadata.onCommit((store, transactions) => void heard.push([store, transactions]));
  await Promise.all([put(metadata, 'a', 1), put(metadata, 'b', 1), metadata.write('state', () => undefined)]);
  await metadata.write('root', () => undefined);
  await expect(metadata.write('state', () => expect.fail('no'))).rejects.toThrow('no');
  observation[Symbol.dispose]();
  await put(metadata, 'c', 1);
  expect(heard).toEqual([
    ['state', 3],
    ['root', 1],
  ]);
});

test('who watches commits and fails does not make them fail, nor those who watch beside', async () => {
  await using metadata = await open();
  const things = defineCollection<number>('state', 'things');
  const heard: number[] = [];
  metadata.onCommit(() => {
    throw new Error('the watcher is broken');
  });
  metadata.onCommit((_store, transactions) => void heard.push(transactions));
  await metadata.write('state', (tx) => tx.put(things, 'a', 1));
  expect(metadata.read('state', (tx) => tx.get(things, 'a'))).toBe(1);
  await expect.poll(() => heard).toEqual([1]);
});
