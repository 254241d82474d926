import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statSync, symlinkSync, writeFileSync } from 'node:fs';
import { copyFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { prepareFolders } from '../agent/folders.ts';
import { putCopy } from './backup.ts';
import { assertSound } from './data-file.ts';
import { openMetadata } from './lmdb-metadata.ts';
import { restoreStore } from './maintenance.ts';
import { defineCollection, type Metadata } from './store.ts';

let base = '';
let metadata: Metadata & AsyncDisposable;
const { signal } = new AbortController();
const folders = () => ({ root: join(base, 'root'), state: join(base, 'state') });
const at = (name: string): string => join(base, name);

beforeEach(async () => {
  base = mkdtempSync(join(tmpdir(), 'hwt-backup-'));
  metadata = await openMetadata({ ...folders(), log: pino({ level: 'silent' }) });
});
afterEach(async () => {
  await metadata[Symbol.asyncDispose]();
  rmSync(base, { recursive: true });
});

test('goes into a new folder, with those above it, or into an empty one; nobody else can read it', async () => {
  await metadata.backup('root', at('a/b/copy'), signal);
  mkdirSync(at('empty'));
  await metadata.backup('state', at('empty'), signal);
  for (const folder of [at('a/b/copy'), at('empty')]) {
    expect(readdirSync(folder)).toEqual(['data.mdb']);
    expect(() => assertSound(join(folder, 'data.mdb'))).not.toThrow();
  }
  expect((statSync(at('a/b/copy')).mode & 0o777).toString(8)).toBe('700');
});

test.skipIf(process.platform !== 'linux').each(['/proc/hawser/copy', '/proc/self/copy', '/sys/hawser', '/dev/null/copy'])(
  'a copy to %s, where nothing can be made, is refused in time',
  { timeout: 10_000 },
  async (folder) => {
    const refusal = { code: expect.stringMatching(/^metadata\.(bad_folder|read_only)$/), message: expect.stringContaining(folder) };
    await expect(metadata.backup('root', folder, signal)).rejects.toMatchObject(refusal);
    await expect(openMetadata({ root: folder, state: at('other'), log: pino({ level: 'silent' }) })).rejects.toMatchObject(refusal);
    await expect(prepareFolders({ root: folder, state: at('other') })).rejects.toMatchObject({ code: 'agent.folder_failed' });
  },
);

test('what is there stays: a file, a folder with something in it, a file in the way, a link to nothing', async () => {
  writeFileSync(at('file'), 'mine');
  mkdirSync(at('full'));
  writeFileSync(at('full/data.mdb'), 'mine');
  symlinkSync(at('nowhere'), at('link'));
  await expect(metadata.backup('root', at('file'), signal)).rejects.toMatchObject({ code: 'metadata.bad_folder' });
  await expect(metadata.backup('root', at('file/copy'), signal)).rejects.toMatchObject({ code: 'metadata.bad_folder' });
  await expect(metadata.backup('root', at('link'), signal)).rejects.toMatchObject({ code: 'metadata.bad_folder' });
  await expect(metadata.backup('root', at('full'), signal)).rejects.toMatchObject({
    code: 'metadata.not_empty',
    message: expect.stringContaining('it has 1 entries'),
  });
  await expect(metadata.backup('root', at('root/store'), signal)).rejects.toMatchObject({ code: 'metadata.not_empty' });
  expect(readdirSync(base).toSorted()).toEqual(['file', 'full', 'link', 'root', 'state']);
});

test('of two at once into one folder one is made, the other is refused', async () => {
  const outcomes = await Promise.allSettled([1, 2].map(() => metadata.backup('root', at('copy'), signal)));
  expect(outcomes.map(({ status }) => status).toSorted()).toEqual(['fulfilled', 'rejected']);
  expect(readdirSync(at('copy'))).toEqual(['data.mdb']);
});

test.each<readonly [string, string, (draft: string) => Promise<void>]>([
  [
    'that is cut short by a full disk',
    'metadata.disk_full',
    async (draft) => {
      writeFileSync(join(draft, 'data.mdb'), 'half');
      throw Object.assign(new Error('write'), { code: 'ENOSPC' });
    },
  ],
  [
    'that seems to be made and is not whole',
    'metadata.damaged',
    async (draft) => {
      await copyFile(at('root/store/data.mdb'), join(draft, 'data.mdb'));
      writeFileSync(join(draft, 'data.mdb'), Buffer.alloc(8_192), { flag: 'r+' });
    },
  ],
  ['of which nothing came', 'metadata.damaged', async () => undefined],
])('a copy %s leaves nothing, and a folder that was there as it was', async (_, code, write) => {
  await expect(putCopy(at('new'), write)).rejects.toMatchObject({ code });
  mkdirSync(at('empty'));
  await expect(putCopy(at('empty'), write)).rejects.toMatchObject({ code });
  expect(readdirSync(base).toSorted()).toEqual(['empty', 'root', 'state']);
  expect(readdirSync(at('empty'))).toEqual([]);
});

test('where the copier has died in the middle, nothing looks like a backup', async () => {
  mkdirSync(at('copy/unfinished'), { recursive: true });
  await copyFile(at('root/store/data.mdb'), at('copy/unfinished/data.mdb'));
  await metadata[Symbol.asyncDispose]();
  await expect(restoreStore('root', folders().root, at('copy'))).rejects.toMatchObject({ code: 'metadata.damaged' });
  await expect(putCopy(at('copy'), async () => undefined)).rejects.toMatchObject({
    message: expect.stringContaining('was left unfinished'),
  });
});

test('a copy that nobody waits for any more leaves nothing', async () => {
  const caller = new AbortController();
  const made = metadata.backup('state', at('copy'), caller.signal);
  caller.abort(new Error('gone'));
  await expect(made).rejects.toThrow('gone');
  expect(existsSync(at('copy'))).toBe(false);
});

test('a store that is closed while it is copied waits for the copy, which is whole', async () => {
  const rows = defineCollection<string>('state', 'rows');
  await metadata.write('state', (tx) => {
    for (let n = 0; n < 20_000; n++) tx.put(rows, `${n}`, 'x'.repeat(1_000));
  });
  const made = metadata.backup('state', at('copy'), signal);
  await expect.poll(() => existsSync(at('copy/unfinished/data.mdb'))).toBe(true);
  await metadata[Symbol.asyncDispose]();
  await made;
  expect(() => assertSound(at('copy/data.mdb'))).not.toThrow();
});
