/**
 * Opens stores on a small disk with less and less room, new ones and old ones, and prints how each opening ended: see the test of full
 * disks. The disk is a tmpfs that the parent has mounted in a mount namespace of this process alone.
 */
import { mkdirSync, mkdtempSync, readdirSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { toHawserError } from '../../errors/index.ts';
import { openMetadata } from '../lmdb-metadata.ts';
import { backupStore, inStore, restoreStore } from '../maintenance.ts';
import { readAll } from '../read-all.ts';
import { defineCollection } from '../store.ts';
import { BOOT, layDown, readSchema } from './stored-schema.fixture.ts';

const [, , disk = ''] = process.argv;
const things = defineCollection<string>('state', 'things');
const filler = join(disk, 'filler');
const BLOCK = Buffer.alloc(4096);
const STEP = 12 * 1024;
const MOST = 900 * 1024;

/** Leaves so many bytes free, to the block. */
function fill(free: number): void {
  let size = 0;
  try {
    for (;;) {
      writeFileSync(filler, BLOCK, { flag: 'a' });
      size += BLOCK.length;
    }
  } catch {
    truncateSync(filler, Math.max(size - free, 0));
  }
}

async function open(folder: string): Promise<string> {
  try {
    const log = pino({ level: 'silent' });
    await using metadata = await openMetadata({ root: join(folder, 'root'), state: join(folder, 'state'), log, bootId: async () => BOOT });
    for (let n = 0; n < 40; n++) await metadata.write('state', (tx) => tx.put(things, `${n}`, 'x'.repeat(3_000)));
    return 'written';
  } catch (error) {
    return toHawserError(error).code;
  }
}

const contentOf = (folder: string) => Promise.all(['root', 'state'].map((store) => inStore(join(folder, store, 'store'), readAll)));

/** How each opening ended, and how the one after it did when there was room again. */
async function sweep(kind: 'new' | 'old'): Promise<readonly string[]> {
  const outcomes: string[] = [];
  for (let free = 0; free <= MOST; free += STEP) {
    const folder = join(disk, kind);
    mkdirSync(folder);
    if (kind === 'old') await layDown(readSchema(1), folder);
    const before = kind === 'old' ? await contentOf(folder) : undefined;
    fill(free);
    const first = await open(folder);
    rmSync(filler);
    const isWhole =
      before === undefined ||
      (await contentOf(folder)).every(({ schemaVersion, digest }, n) => schemaVersion > 1 || digest === before[n]?.digest);
    outcomes.push(`${first} ${isWhole ? 'whole' : 'torn'} ${await open(folder)}`);
    rmSync(folder, { recursive: true });
  }
  return outcomes;
}

/** How a copy to the full disk ended, and what of it is there. */
async function copied(): Promise<readonly string[]> {
  const folder = mkdtempSync(join(tmpdir(), 'hwt-source-'));
  try {
    const folders = { root: join(folder, 'root'), state: join(folder, 'state') };
    await using metadata = await openMetadata({ ...folders, log: pino({ level: 'silent' }), bootId: async () => BOOT });
    for (let n = 0; n < 40; n++) await metadata.write('state', (tx) => tx.put(things, `${n}`, 'x'.repeat(3_000)));
    fill(32 * 1024);
    const copy = metadata.backup('state', join(disk, 'new', 'copy'), new AbortController().signal);
    const outcome = await copy.then(
      () => 'copied',
      (error: unknown) => toHawserError(error).code,
    );
    return [outcome, ...readdirSync(disk, { recursive: true }).map(String)];
  } finally {
    rmSync(filler, { force: true });
    rmSync(folder, { recursive: true });
  }
}

/** How putting a backup in the place of a store on the full disk ended, and what is there. */
async function restored(): Promise<readonly string[]> {
  const backup = mkdtempSync(join(tmpdir(), 'hwt-source-'));
  const folder = join(disk, 'restored');
  try {
    mkdirSync(folder);
    await layDown(readSchema(1), folder);
    const [, before] = await contentOf(folder);
    await backupStore('state', join(folder, 'state'), join(backup, 'copy'));
    fill(8 * 1024);
    const outcome = await restoreStore('state', join(folder, 'state'), join(backup, 'copy'), { bootId: async () => BOOT }).then(
      () => 'restored',
      (error: unknown) => toHawserError(error).code,
    );
    const [, after] = await contentOf(folder);
    return [outcome, after?.digest === before?.digest ? 'whole' : 'torn', ...readdirSync(join(folder, 'state')).toSorted()];
  } finally {
    rmSync(filler, { force: true });
    rmSync(backup, { recursive: true });
  }
}

const outcomes = { new: await sweep('new'), old: await sweep('old'), copied: await copied(), restored: await restored() };
process.stdout.write(JSON.stringify(outcomes));
