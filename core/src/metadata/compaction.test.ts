import { execFileSync, fork } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, rmSync, statfsSync, statSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { compactStore } from './compaction.ts';
import { openMetadata } from './lmdb-metadata.ts';
import { checkStore } from './maintenance.ts';
import { defineCollection } from './store.ts';

const things = defineCollection<string>('state', 'things');
const COUNT = 2_000;

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'hwt-compact-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const folders = () => ({ root: join(folder, 'root'), state: join(folder, 'state') });
const dataFile = () => join(folder, 'state', 'store', 'data.mdb');
const open = () => openMetadata({ ...folders(), log: pino({ level: 'silent' }) });

/** A store of which most was deleted again. */
async function filled(): Promise<void> {
  await using metadata = await open();
  await metadata.write('state', (tx) => {
    for (let n = 0; n < COUNT; n++) tx.put(things, `k${n}`, 'x'.repeat(3_000));
  });
  await metadata.write('state', (tx) => {
    for (let n = 0; n < COUNT; n++) if (n % 100 !== 0) tx.delete(things, `k${n}`);
  });
}

async function expectWhole(): Promise<void> {
  expect(await checkStore('state', folders().state)).toMatchObject({ collections: { things: COUNT / 100 } });
  expect((await checkStore('state', folders().state)).damage).toBeUndefined();
  await using metadata = await open();
  expect(metadata.read('state', (tx) => [...tx.keys(things)])).toHaveLength(COUNT / 100);
  await metadata.write('state', (tx) => tx.put(things, 'after', 'x'));
  await metadata.write('state', (tx) => tx.delete(things, 'after'));
}

test('what was let go of is given back, everything else is there, and an agent goes on with it', async () => {
  await filled();
  const { mode } = statSync(dataFile());
  const { beforeBytes, afterBytes, path } = await compactStore('state', folders().state);
  expect(path).toBe(dataFile());
  expect(beforeBytes).toBeGreaterThan(COUNT * 3_000);
  expect(afterBytes).toBeLessThan(beforeBytes / 10);
  expect(statSync(dataFile())).toMatchObject({ size: afterBytes, mode });
  expect(existsSync(join(folder, 'state', 'store', 'boot'))).toBe(process.platform === 'linux');
  expect(readdirSync(folders().state).sort()).toEqual(['store', 'store.lock']);
  await expectWhole();
});

test('it does not cross an agent, needs a store, and leaves a damaged one as it is', async () => {
  await expect(compactStore('state', folders().state)).rejects.toMatchObject({ code: 'metadata.not_found' });
  await filled();
  {
    await using _metadata = await open();
    await expect(compactStore('state', folders().state)).rejects.toMatchObject({ code: 'metadata.locked' });
  }
  truncateSync(dataFile(), 20_000);
  await expect(compactStore('state', folders().state)).rejects.toMatchObject({ code: 'metadata.damaged' });
  expect(statSync(dataFile()).size).toBe(20_000);
});

test.each(['after_copy', 'after_flush', 'after_verification', 'after_rename'])('one that fails at %s leaves a store', async (point) => {
  await filled();
  const faults = {
    reach: (reached: string) => {
      if (reached === `compact.${point}`) throw new Error('failed');
    },
  };
  await expect(compactStore('state', folders().state, { faults })).rejects.toMatchObject({ code: 'metadata.commit_failed' });
  expect(readdirSync(folders().state).sort()).toEqual(['store', 'store.lock']);
  await expectWhole();
});

test('a copy with other records, or a torn one, is not taken', async () => {
  await filled();
  const before = statSync(dataFile()).size;
  const faults = {
    reach: (point: string) => void (point === 'compact.after_flush' && truncateSync(join(folder, 'state', 'store.new', 'data.mdb'), 9_000)),
  };
  await expect(compactStore('state', folders().state, { faults })).rejects.toMatchObject({ code: 'metadata.damaged' });
  expect(statSync(dataFile()).size).toBe(before);
  await expectWhole();
});

test('killed at any point it leaves a store, and the next one cleans up', { timeout: 60_000 }, async () => {
  const child = join(import.meta.dirname, 'testing', 'compactor.ts');
  for (const point of ['after_copy', 'after_flush', 'after_verification', 'after_rename']) {
    await filled();
    const killed = fork(child, [folders().state, `compact.${point}`], { execArgv: ['--conditions=hawser:source'], stdio: 'inherit' });
    expect(await new Promise((resolve) => killed.once('exit', (_code, signal) => resolve(signal)))).toBe('SIGKILL');
    expect(existsSync(join(folder, 'state', 'store.new'))).toBe(true);
    await expectWhole();
    await compactStore('state', folders().state);
    expect(existsSync(join(folder, 'state', 'store.new'))).toBe(false);
    await expectWhole();
  }
});

test.skipIf(process.getuid?.() !== 0)(
  'where the copy has no room it is refused, and nothing has changed (needs root to mount a tmpfs)',
  async ({ skip }) => {
    mkdirSync(folders().state, { recursive: true });
    try {
      execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=32m', 'tmpfs', folders().state]);
    } catch {
      skip('a tmpfs can’t be mounted here');
    }
    try {
      {
        await using metadata = await open();
        await metadata.write('state', (tx) => {
          for (let n = 0; n < 1_500; n++) tx.put(things, `k${n}`, 'x'.repeat(3_000));
        });
      }
      const filler = join(folders().state, 'filler');
      const { bavail, bsize } = statfsSync(folders().state);
      writeFileSync(filler, Buffer.alloc((bavail - 100) * bsize));
      await expect(compactStore('state', folders().state)).rejects.toMatchObject({ code: 'metadata.disk_full' });
      rmSync(filler);
      expect(readdirSync(folders().state).sort()).toEqual(['store', 'store.lock']);
      await using metadata = await open();
      expect(metadata.read('state', (tx) => [...tx.keys(things)])).toHaveLength(1_500);
    } finally {
      execFileSync('umount', [folders().state]);
    }
  },
);
