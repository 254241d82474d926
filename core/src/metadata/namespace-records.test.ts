import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { checkStores } from '../cli/check-stores.ts';
import { openMetadata } from './lmdb-metadata.ts';
import { MIGRATIONS } from './migrations.ts';
import { deleteNamespace, readNamespaces, writeNamespace } from './namespace-records.ts';
import { defineCollection, type Metadata } from './store.ts';
import { BOOT, layDown, readSchema, type StoredRecord } from './testing/stored-schema.fixture.ts';

/** The last one whose programs wrote into any namespace. */
const BEFORE = 3;
const THINGS = defineCollection<number>('state', 'things');

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'hwt-namespaces-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const open = (migrations = MIGRATIONS, log = pino({ level: 'silent' })) =>
  openMetadata({ root: join(folder, 'root'), state: join(folder, 'state'), log, bootId: async () => BOOT, migrations });
const known = (metadata: Metadata) => metadata.read('root', (tx) => Object.fromEntries(readNamespaces(tx)));
const none = { labels: {} };
const isOf =
  (store: string) =>
  ({ key, store: of }: StoredRecord): boolean =>
    of === store && key.split('\0')[1] === 'other';

test('new stores have the namespace default and no other', async () => {
  await using metadata = await open();
  expect(known(metadata)).toEqual({ default: none });
});

test.each([
  ['both stores', () => true],
  ['the root store alone', (record: StoredRecord) => !isOf('state')(record)],
  ['the state store alone', (record: StoredRecord) => !isOf('root')(record)],
])('a namespace from before there were records gets one where it is found in %s, and takes what is written into it', async (_, isThere) => {
  await layDown(readSchema(BEFORE).filter(isThere), folder);
  {
    await using metadata = await open();
    expect(known(metadata)).toEqual({ default: none, other: none });
    await metadata.write('state', (tx) => tx.put(THINGS, 'a', 1), { namespace: 'other' });
  }
  await using metadata = await open();
  expect(metadata.read('state', (tx) => tx.get(THINGS, 'a'), { namespace: 'other' })).toBe(1);
});

test('the migration of the root store does that by itself: a death before the state store is looked at loses nothing', async () => {
  await layDown(readSchema(BEFORE), folder);
  const last = MIGRATIONS.root[BEFORE - 1];
  expect(last?.version).toBe(BEFORE + 1);
  const written: string[] = [];
  const step = {
    ...(last ?? expect.fail()),
    migrate: (tx: Parameters<NonNullable<typeof last>['migrate']>[0]) => (
      last?.migrate(tx),
      written.push(...Array.from(readNamespaces(tx), ([name]) => name)),
      undefined
    ),
  };
  await using metadata = await open({ ...MIGRATIONS, root: [...MIGRATIONS.root.slice(0, BEFORE - 1), step] });
  expect(written).toEqual(['default', 'other']);
  expect(known(metadata)).toEqual({ default: none, other: none });
});

test('what a restored store has lost or brings back is found at the start, once, and told; labels stay', async () => {
  const lines: string[] = [];
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(line) });
  {
    await using metadata = await open();
    await metadata.write('root', (tx) => ['blue', 'green'].forEach((name) => writeNamespace(tx, name, { labels: { made: name } })));
    await metadata.write('state', (tx) => tx.in('blue').put(THINGS, 'a', 1));
    await metadata.write('root', (tx) => deleteNamespace(tx, 'blue')); // as a restored root store lacks it
  }
  for (let start = 0; start < 2; start++) {
    await using metadata = await open(MIGRATIONS, log);
    expect(known(metadata)).toEqual({ blue: none, default: none, green: { labels: { made: 'green' } } });
  }
  expect(lines.map((line) => JSON.parse(line).namespaces)).toEqual([['blue']]);
});

test('db check finds records of a namespace that has none itself, and --repair gives it one', async () => {
  const intents = defineCollection<number>('root', 'intents');
  const folders = { root: join(folder, 'root'), state: join(folder, 'state') };
  {
    await using metadata = await open();
    await metadata.write('root', (tx) => writeNamespace(tx, 'blue', { labels: { a: 'b' } }));
    await metadata.write('root', (tx) => tx.in('blue').put(intents, 'a', 1));
    await metadata.write('root', (tx) => deleteNamespace(tx, 'blue'));
  }
  const found = { check: 'namespaces', namespace: 'blue', what: 'the namespace blue holds records and has none itself' };
  expect((await checkStores(folders))[0]).toMatchObject({ status: 'inconsistent', findings: [found] });
  expect((await checkStores(folders, { repair: true }))[0]).toMatchObject({ status: 'sound', findings: [], repaired: [found] });
  expect((await checkStores(folders))[0]).toMatchObject({ status: 'sound', findings: [] });
});
