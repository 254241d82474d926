import { execFileSync, fork } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { seededRandom } from '../context/index.ts';
import { openMetadata } from './lmdb-metadata.ts';
import { defineCollection, type Metadata } from './store.ts';

const log = pino({ level: 'silent' });
const things = defineCollection<{ readonly n: number }>('state', 'things');
const texts = defineCollection<string>('state', 'texts');

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'hawser-metadata-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const folders = () => ({ root: join(folder, 'root'), state: join(folder, 'state') });
const open = () => openMetadata({ ...folders(), log });
const keys = (metadata: Metadata) => metadata.read('state', (tx) => Array.from(tx.entries(things), ([key]) => key));

describe('a disk that fails', () => {
  const isRoot = process.getuid?.() === 0;

  test.skipIf(!isRoot)(
    'full: the write fails by name, nothing of it is there, later ones work when there is space (needs root to mount a tmpfs)',
    async ({ skip }) => {
      mkdirSync(folders().state, { recursive: true });
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=512k', 'tmpfs', folders().state]);
      } catch {
        skip('a tmpfs can’t be mounted here');
      }
      try {
        await using metadata = await open();
        const put = (n: number) => metadata.write('state', (tx) => (tx.put(texts, `a${n}`, 'x'.repeat(3000)), tx.put(texts, `b${n}`, 'x')));
        let n = 0;
        let failure: unknown;
        for (; n < 1000 && failure === undefined; n++)
          failure = await put(n).then(
            () => undefined,
            (error: unknown) => error,
          );
        expect(failure).toMatchObject({ code: 'metadata.disk_full' });
        const count = (prefix: string) => metadata.read('state', (tx) => [...tx.entries(texts, { prefix })].length);
        expect([count('a'), count('b')]).toEqual([n - 1, n - 1]);
        execFileSync('mount', ['-o', 'remount,size=2m', folders().state]);
        await put(5000);
        expect(count('a')).toBe(n);
      } finally {
        execFileSync('umount', [folders().state]);
      }
    },
  );

  test.skipIf(!isRoot)(
    'full: what is there can be changed and deleted from the reserve, nothing new is taken until there is space (needs root to mount a tmpfs)',
    async ({ skip }) => {
      mkdirSync(folders().state, { recursive: true });
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=4m', 'tmpfs', folders().state]);
      } catch {
        skip('a tmpfs can’t be mounted here');
      }
      const filler = join(folders().state, 'filler');
      const fill = () => {
        try {
          for (;;) writeFileSync(filler, Buffer.alloc(4096), { flag: 'a' });
        } catch (error) {
          expect(error).toMatchObject({ code: 'ENOSPC' });
        }
      };
      try {
        await using metadata = await open();
        for (let n = 0; n < 100; n++) await metadata.write('state', (tx) => tx.put(texts, `t${n}`, 'x'.repeat(500)));
        fill();
        const take = (n: number) => metadata.write('state', (tx) => (tx.refuseWhenFull(), tx.put(texts, `new${n}`, 'x'.repeat(3000))));
        let failure: unknown;
        for (let n = 0; n < 50 && failure === undefined; n++)
          failure = await take(n).then(
            () => undefined,
            (error: unknown) => error,
          );
        expect(failure).toMatchObject({ code: 'metadata.disk_full' });
        const effects: string[] = [];
        for (let n = 0; n < 100; n++) {
          const result = await metadata.write('state', (tx) => {
            tx.afterCommit(() => effects.push(`t${n}`));
            tx.put(things, `undone${n}`, { n });
            return tx.delete(texts, `t${n}`);
          });
          expect(result).toBe(true);
          fill();
        }
        expect(effects).toHaveLength(100);
        expect(keys(metadata)).toHaveLength(100);
        await expect(take(100)).rejects.toMatchObject({ code: 'metadata.disk_full' });
        expect(metadata.read('state', (tx) => [...tx.entries(texts, { prefix: 't' })])).toEqual([]);
        rmSync(filler);
        await take(101);
      } finally {
        execFileSync('umount', [folders().state]);
      }
    },
  );

  test.skipIf(!isRoot)(
    'full: whatever is written, in whatever batches, it is written or refused, and the process lives (needs root to mount a tmpfs)',
    { timeout: 60_000 },
    async ({ skip }) => {
      mkdirSync(folders().state, { recursive: true });
      try {
        execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=3m', 'tmpfs', folders().state]);
      } catch {
        skip('a tmpfs can’t be mounted here');
      }
      try {
        await using metadata = await open();
        const random = seededRandom(7);
        const model = new Map<string, number>();
        const outcomes = { written: 0, refused: 0 };
        const note = (changes: readonly { readonly key: string; readonly size: number | undefined }[]) => {
          for (const { key, size } of changes) {
            if (size === undefined) model.delete(key);
            else model.set(key, size);
          }
        };
        for (let round = 0; round < 400; round++) {
          const batch = Array.from({ length: 1 + random.integer(6) }, () =>
            Array.from({ length: 1 + random.integer(20) }, () => ({
              key: `k${random.integer(900)}`,
              size: random.integer(3) === 0 ? undefined : random.integer(6_000),
            })),
          );
          const write = (changes: (typeof batch)[number]) =>
            metadata.write('state', (tx) => {
              for (const { key, size } of changes) {
                if (size === undefined) tx.delete(texts, key);
                else tx.put(texts, key, 'x'.repeat(size));
              }
            });
          const results = await Promise.allSettled(batch.map(write));
          for (const [index, result] of results.entries()) {
            if (result.status === 'rejected') expect(result.reason).toMatchObject({ code: 'metadata.disk_full' });
            outcomes[result.status === 'fulfilled' ? 'written' : 'refused']++;
            if (result.status === 'fulfilled') note(batch[index] ?? []);
          }
        }
        expect(outcomes.written).toBeGreaterThan(50);
        expect(outcomes.refused).toBeGreaterThan(50);
        const stored = metadata.read('state', (tx) => Array.from(tx.entries(texts), ([key, value]) => [key, value.length] as const));
        expect(stored).toEqual([...model].sort(([a], [b]) => (a < b ? -1 : 1)));
      } finally {
        execFileSync('umount', [folders().state]);
      }
    },
  );

  test.skipIf(isRoot)('read-only: opening is refused by name (root may write everywhere)', async () => {
    mkdirSync(folders().root, { recursive: true });
    writeFileSync(join(folders().root, 'store.lock'), '');
    chmodSync(join(folders().root, 'store.lock'), 0o400);
    await expect(open()).rejects.toMatchObject({ code: 'metadata.read_only' });
  });

  test.skipIf(!isRoot)('read-only mount: opening is refused by name (needs root to mount)', async ({ skip }) => {
    mkdirSync(folders().root, { recursive: true });
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'ro,size=512k', 'tmpfs', folders().root]);
    } catch {
      skip('a tmpfs can’t be mounted here');
    }
    try {
      await expect(open()).rejects.toMatchObject({ code: 'metadata.read_only' });
    } finally {
      execFileSync('umount', [folders().root]);
    }
  });
});

test('killed at random instants while it writes, a store opens with every commit that was told', { timeout: 120_000 }, async () => {
  const child = join(import.meta.dirname, 'testing', 'writer.ts');
  for (let round = 0; round < 24; round++) {
    const told = await writeUntilKilled(child, 5 + ((round * 7) % 40));
    await using metadata = await open();
    const stored = new Set(keys(metadata));
    expect(told.filter((key) => !stored.has(key))).toEqual([]);
    for (const key of stored) expect(stored.has(key.endsWith('a') ? `${key.slice(0, -1)}b` : `${key.slice(0, -1)}a`)).toBe(true);
  }
});

/** Keys of commits that a child process told of before it was killed. */
async function writeUntilKilled(script: string, afterMs: number): Promise<readonly string[]> {
  const { root, state } = folders();
  const child = fork(script, [root, state], { execArgv: ['--conditions=hawser:source'], stdio: ['ignore', 'ignore', 'inherit', 'ipc'] });
  const told: string[] = [];
  const ended = new Promise((resolve) => child.once('exit', resolve));
  child.on('message', (key) => {
    if (told.length === 0) setTimeout(() => child.kill('SIGKILL'), afterMs);
    if (typeof key === 'string') told.push(key);
  });
  await ended;
  expect(told.length).toBeGreaterThan(0);
  return told;
}
