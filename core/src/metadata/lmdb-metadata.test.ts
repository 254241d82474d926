import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { readFileMeta } from './data-file.ts';
import { openMetadata, type MetadataOptions } from './lmdb-metadata.ts';
import { backupStore, checkStore, restoreStore } from './maintenance.ts';
import { currentVersion, type Migration, MIGRATIONS } from './migrations.ts';
import { defineCollection, type Metadata } from './store.ts';

const log = pino({ level: 'silent' });
const signal = new AbortController().signal;
const things = defineCollection<{ readonly n: number }>('state', 'things');
const texts = defineCollection<string>('state', 'texts');
const intents = defineCollection<string>('root', 'intents');

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'hawser-metadata-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const folders = () => ({ root: join(folder, 'root'), state: join(folder, 'state') });
const open = (options: Partial<MetadataOptions> = {}) => openMetadata({ ...folders(), log, ...options });
const CURRENT = currentVersion(MIGRATIONS.state);
const withSteps = (...steps: readonly Migration[]) => ({ ...MIGRATIONS, state: [...MIGRATIONS.state, ...steps] });
const dataFile = (store: 'root' | 'state') => join(folder, store, 'store', 'data.mdb');
const keys = (metadata: Metadata) => metadata.read('state', (tx) => Array.from(tx.entries(things), ([key]) => key));

/** Of the data file, without the room behind its last page. */
const usedBytes = (path: string): number => {
  const { lastPage, pageSize } = readFileMeta(path);
  return (lastPage + 1) * pageSize;
};

async function filled(count = 500): Promise<void> {
  await using metadata = await open();
  await metadata.write('state', (tx) => {
    for (let n = 0; n < count; n++) tx.put(things, `k${String(n).padStart(6, '0')}`, { n });
  });
  await metadata.write('root', (tx) => tx.put(intents, 'a', 'x'.repeat(20_000)));
}

describe('transactions', () => {
  test('what is written is there after opening again, in both stores', async () => {
    await filled(3);
    await using metadata = await open();
    expect(keys(metadata)).toEqual(['k000000', 'k000001', 'k000002']);
    expect(metadata.read('root', (tx) => tx.get(intents, 'a'))).toHaveLength(20_000);
    expect(metadata.stats().state).toMatchObject({ schemaVersion: CURRENT, path: dataFile('state') });
  });

  test('a transaction that throws takes nothing of the others in its commit along', async () => {
    await using metadata = await open();
    const results = await Promise.allSettled(
      [0, 1, 2].map((n) =>
        metadata.write('state', (tx) => {
          tx.put(things, `k${n}`, { n });
          if (n === 1) throw new Error('no');
        }),
      ),
    );
    expect(results.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(keys(metadata)).toEqual(['k0', 'k2']);
  });

  test('a write reads what it has written, and what the ones before it in the same commit have', async () => {
    await using metadata = await open();
    const first = metadata.write('state', (tx) => tx.put(things, 'a', { n: 1 }));
    const second = metadata.write('state', (tx) => (tx.put(things, 'b', { n: 2 }), [...tx.entries(things)]));
    await first;
    expect(await second).toEqual([
      ['a', { n: 1 }],
      ['b', { n: 2 }],
    ]);
  });

  test('writes to both stores at once, nested and crossing, are safe', async () => {
    await using metadata = await open();
    await Promise.all(
      Array.from({ length: 100 }, (_, n) =>
        metadata
          .write('root', (tx) => {
            tx.put(intents, `i${n}`, 'x');
            return metadata.write('state', (inner) => inner.put(things, `k${n}`, { n })).then(() => undefined);
          })
          .catch((error: unknown) => error),
      ),
    );
    const rejected = await metadata.write('root', async () => {}).catch((error: unknown) => error);
    expect(rejected).toMatchObject({ code: 'metadata.not_synchronous' });
    await Promise.all(
      Array.from({ length: 50 }, async (_, n) => {
        await metadata.write('root', (tx) => tx.put(intents, `j${n}`, 'x'));
        await metadata.write('state', (tx) => tx.put(things, `j${n}`, { n }));
      }),
    );
    expect(metadata.read('root', (tx) => [...tx.entries(intents, { prefix: 'j' })])).toHaveLength(50);
    expect(metadata.read('state', (tx) => [...tx.entries(things, { prefix: 'j' })])).toHaveLength(50);
  });

  test('effects run after the commit, in order; one that throws harms nobody; an aborted one runs none', async () => {
    await using metadata = await open();
    const seen: string[] = [];
    const write = (name: string, fail = false) =>
      metadata.write('state', (tx) => {
        tx.put(texts, name, name);
        tx.afterCommit(() => {
          seen.push(`${name}:${metadata.read('state', (read) => read.get(texts, name))}`);
          throw new Error('effect');
        });
        tx.afterCommit(() => seen.push(`${name}2`));
        if (fail) throw new Error('abort');
      });
    await Promise.allSettled([write('a'), write('b', true), write('c')]);
    expect(seen).toEqual(['a:a', 'a2', 'c:c', 'c2']);
  });

  test('a scan may be written under, ended early, bounded and turned around', async () => {
    await using metadata = await open();
    await metadata.write('state', (tx) => {
      for (let n = 0; n < 300; n++) tx.put(texts, `k${String(n).padStart(3, '0')}`, 'x');
    });
    const range = (bounds: object) => metadata.read('state', (tx) => Array.from(tx.entries(texts, bounds), ([key]) => key));
    expect(range({ prefix: 'k29' })).toHaveLength(10);
    expect(range({ start: 'k100', end: 'k103' })).toEqual(['k100', 'k101', 'k102']);
    expect(range({ reverse: true, limit: 2 })).toEqual(['k299', 'k298']);
    expect(range({ prefix: 'k00', reverse: true, limit: 150 }).at(-1)).toBe('k000');
    expect(range({ start: 'k001', end: 'k003', reverse: true })).toEqual(['k002', 'k001']);
    expect(range({ reverse: true })).toHaveLength(300);
    await metadata.write('state', (tx) => {
      for (const [key] of tx.entries(texts)) tx.delete(texts, key);
    });
    expect(range({})).toEqual([]);
  });

  test('keys and values are bounded, and a store refuses the other one’s collections', async () => {
    await using metadata = await open();
    const put = (key: string, value: string) => metadata.write('state', (tx) => tx.put(texts, key, value));
    await expect(put('k'.repeat(1025), '')).rejects.toMatchObject({ code: 'metadata.key_too_long' });
    await expect(put('é'.repeat(512), '')).resolves.toBeUndefined();
    await expect(put('', '')).rejects.toMatchObject({ code: 'metadata.invalid_key' });
    await expect(put('\ud800', '')).rejects.toMatchObject({ code: 'metadata.invalid_key' });
    await expect(put('big', 'v'.repeat(2 ** 20))).rejects.toMatchObject({ code: 'metadata.value_too_large' });
    await expect(put('big', 'v'.repeat(2 ** 20 - 2))).resolves.toBeUndefined();
    await expect(metadata.write('root', (tx) => tx.put(texts, 'a', ''))).rejects.toMatchObject({ code: 'metadata.wrong_store' });
    let escaped: (() => unknown) | undefined;
    metadata.read('state', (tx) => void (escaped = () => tx.get(texts, 'a')));
    expect(() => escaped?.()).toThrow('after its callback');
  });

  test('after closing everything is refused, and what waited is committed', async () => {
    const metadata = await open();
    const waiting = metadata.write('state', (tx) => tx.put(things, 'last', { n: 1 }));
    await metadata[Symbol.asyncDispose]();
    await waiting;
    expect(() => metadata.read('state', () => 1)).toThrow('closed');
    await expect(metadata.write('state', () => 1)).rejects.toMatchObject({ code: 'metadata.closed' });
    await using again = await open();
    expect(keys(again)).toEqual(['last']);
  });

  test('the map grows with what is stored', async () => {
    await using metadata = await open();
    for (let n = 0; n < 40; n++) await metadata.write('state', (tx) => tx.put(texts, `k${n}`, 'v'.repeat(1_000_000)));
    expect(metadata.stats().state.sizeBytes).toBeGreaterThan(40_000_000);
    expect(metadata.read('state', (tx) => tx.get(texts, 'k39'))).toHaveLength(1_000_000);
  });

  test('folders have the modes of the surface', async () => {
    await using _metadata = await open();
    expect(statSync(folders().root).mode & 0o777).toBe(0o700);
    expect(statSync(folders().state).mode & 0o777).toBe(0o711);
  });
});

describe('opening', () => {
  test('a second one is refused at once and told who has the folder', async () => {
    await using _metadata = await open();
    await expect(open()).rejects.toMatchObject({ code: 'metadata.locked', details: { pid: process.pid } });
  });

  test('the lock of a process that has died is taken over', async () => {
    mkdirSync(folders().root, { recursive: true });
    writeFileSync(join(folders().root, 'store.lock'), '1\n');
    await using _metadata = await open();
    expect(readFileSync(join(folders().root, 'store.lock'), 'utf8')).toBe(`${process.pid}\n`);
  });

  test('the state store of another boot is set aside unseen, the newest of them kept', async () => {
    const boot = (id: string) => ({ bootId: async () => id });
    for (const id of ['boot-1', 'boot-2', 'boot-2']) {
      await using metadata = await open(boot(id));
      await metadata.write('state', (tx) => tx.put(things, id, { n: 1 }));
      expect(keys(metadata)).toEqual([id]);
      await metadata.write('root', (tx) => tx.put(intents, id, ''));
    }
    writeFileSync(dataFile('state'), 'torn by a power loss');
    await using metadata = await open(boot('boot-3'));
    expect(keys(metadata)).toEqual([]);
    expect(metadata.read('root', (tx) => [...tx.entries(intents)])).toHaveLength(2);
    expect(readdirSync(folders().state).sort()).toEqual(['store', 'store-of-boot-2', 'store.lock']);
  });

  test('a newer schema is refused, and the file stays as it is', async () => {
    const steps = withSteps({ version: CURRENT + 1, summary: 'test', migrate: () => {} });
    await (await open({ migrations: steps }))[Symbol.asyncDispose]();
    const before = readFileSync(dataFile('state'));
    await expect(open()).rejects.toMatchObject({ code: 'metadata.schema_newer' });
    expect(readFileSync(dataFile('state')).equals(before)).toBe(true);
  });

  test('migrations run in order in one transaction; one that fails leaves everything as it was', async () => {
    await filled(1);
    const step = (version: number, fail = false) => ({
      version,
      summary: `to ${version}`,
      migrate: (tx: Parameters<Parameters<Metadata['write']>[1]>[0]) => {
        tx.put(texts, `step${version}`, 'done');
        if (fail) throw new Error('broken');
      },
    });
    await expect(open({ migrations: withSteps(step(CURRENT + 1), step(CURRENT + 2, true)) })).rejects.toMatchObject({
      code: 'metadata.migration_failed',
    });
    {
      await using metadata = await open();
      expect(metadata.read('state', (tx) => [...tx.entries(texts)])).toEqual([]);
    }
    await using metadata = await open({ migrations: withSteps(step(CURRENT + 1), step(CURRENT + 2)) });
    expect(metadata.stats().state.schemaVersion).toBe(CURRENT + 2);
    expect(metadata.read('state', (tx) => Array.from(tx.entries(texts), ([key]) => key))).toEqual([
      `step${CURRENT + 1}`,
      `step${CURRENT + 2}`,
    ]);
  });
});

describe('damage', () => {
  const garbage: Readonly<Record<string, (path: string) => void>> = {
    'a file of something else': (path) => writeFileSync(path, 'something else '.repeat(10_000)),
    'an empty file': (path) => truncateSync(path, 0),
    'a file of zeros': (path) => writeFileSync(path, Buffer.alloc(statSync(path).size)),
    'a file cut after its meta pages': (path) => truncateSync(path, 8192),
    'a file cut in the middle': (path) => truncateSync(path, Math.floor(usedBytes(path) / 2)),
    'a file cut inside the first page': (path) => truncateSync(path, 100),
    'no file': (path) => rmSync(path),
    'zeros behind the meta pages': (path) => {
      const bytes = readFileSync(path);
      bytes.fill(0, 8192);
      writeFileSync(path, bytes);
    },
  };
  test.for(Object.entries(garbage))('%s is refused with the remedy and stays where it is', async ([, damage]) => {
    await filled(2000);
    damage(dataFile('root'));
    const left = existsSync(dataFile('root')) ? readFileSync(dataFile('root')) : undefined;
    await expect(open()).rejects.toMatchObject({ code: 'metadata.damaged', remedy: expect.stringContaining('hawser db restore') });
    expect(existsSync(dataFile('root')) ? readFileSync(dataFile('root')) : undefined).toEqual(left);
    if (left !== undefined) expect((await checkStore('root', folders().root)).damage?.code).toBe('metadata.damaged');
  });

  test('cut anywhere or zeroed anywhere, a store opens or is refused, and the process lives', async () => {
    await filled(2000);
    const whole = readFileSync(dataFile('state')).subarray(0, usedBytes(dataFile('state')));
    for (let cut = 0; cut < whole.length; cut += 4096 * 3 + 100) {
      writeFileSync(dataFile('state'), whole.subarray(0, cut));
      await expect(open()).rejects.toMatchObject({ code: 'metadata.damaged' });
      const zeroed = Buffer.from(whole);
      zeroed.fill(0, cut, cut + 4096);
      writeFileSync(dataFile('state'), zeroed);
      const opened = await open().catch((error: unknown) => error);
      if (opened instanceof Error) expect(opened).toMatchObject({ code: 'metadata.damaged' });
      else if (typeof opened === 'object' && opened !== null && Symbol.asyncDispose in opened)
        await (opened as AsyncDisposable)[Symbol.asyncDispose]();
    }
  });

  test('backup, damage, restore: the backup’s records are back, the damaged file is kept', async () => {
    await filled(10);
    {
      await using metadata = await open();
      await metadata.backup('state', join(folder, 'backup'), signal);
      await expect(metadata.backup('state', join(folder, 'backup'), signal)).rejects.toMatchObject({ code: 'metadata.not_empty' });
    }
    await backupStore('root', folders().root, join(folder, 'backup-root'));
    writeFileSync(dataFile('state'), 'garbage');
    await expect(restoreStore('state', folders().state, dataFile('state'))).rejects.toMatchObject({ code: 'metadata.damaged' });
    const former = await restoreStore('state', folders().state, join(folder, 'backup'));
    expect(readFileSync(join(former ?? '', 'data.mdb'), 'utf8')).toBe('garbage');
    await restoreStore('root', folders().root, join(folder, 'backup-root', 'data.mdb'));
    expect(await checkStore('state', folders().state)).toMatchObject({ schemaVersion: CURRENT, collections: { things: 10 } });
    await using metadata = await open();
    expect(keys(metadata)).toHaveLength(10);
    await expect(checkStore('state', folders().state)).rejects.toMatchObject({ code: 'metadata.locked' });
  });
});
