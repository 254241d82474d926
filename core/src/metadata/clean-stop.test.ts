import {
  appendFileSync,
  copyFileSync,
  mkdtempSync,
  openSync,
  closeSync,
  renameSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync,
  writeSync,
  statSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { inodeIn, isAsCleanlyStopped, markCleanStop } from './clean-stop.ts';
import { openMetadata } from './lmdb-metadata.ts';
import { defineCollection } from './store.ts';
import { STORE_FOLDER } from './store-folder.ts';

const log = pino({ level: 'silent' });
const things = defineCollection<string>('root', 'things');

let folder = '';
beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'hawser-clean-stop-'))));
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const root = () => join(folder, 'root', STORE_FOLDER);
const data = () => join(root(), 'data.mdb');
const mark = () => join(root(), 'clean-stop.json');
const open = () => openMetadata({ root: join(folder, 'root'), state: join(folder, 'state'), log });

async function useAndStop(): Promise<void> {
  await using metadata = await open();
  await metadata.write('root', (tx) => {
    for (let n = 0; n < 200; n++) tx.put(things, `k${n}`, 'x'.repeat(100));
  });
}

test('a store that was stopped is known for sound, one that is open is not', async () => {
  await useAndStop();
  expect(isAsCleanlyStopped(root())).toBe(true);
  await using metadata = await open();
  expect(isAsCleanlyStopped(root())).toBe(true);
  await metadata.write('root', (tx) => tx.put(things, 'one', 'more'));
  expect(isAsCleanlyStopped(root())).toBe(false);
});

describe('whoever has touched the file makes the next start look at its pages:', () => {
  const overwrite = (): void => {
    const fd = openSync(data(), 'r+');
    writeSync(fd, Buffer.alloc(4096, 0xff), 0, 4096, 3 * 4096);
    closeSync(fd);
  };
  const touches: Readonly<Record<string, () => void>> = {
    'a page that was overwritten': overwrite,
    'a page that was overwritten and the time set back': () => {
      const { atime, mtime } = statSync(data());
      overwrite();
      utimesSync(data(), atime, mtime);
    },
    'a file that was cut': () => truncateSync(data(), statSync(data()).size - 4096),
    'a file that has grown': () => appendFileSync(data(), 'more'),
    'another file in its place': () => {
      copyFileSync(data(), `${data()}.copy`);
      renameSync(`${data()}.copy`, data());
    },
    'a mark that is gone': () => rmSync(mark()),
    'a mark that is cut': () => truncateSync(mark(), 20),
    'a mark with something else': () => writeFileSync(mark(), '[]'),
  };
  test.each(Object.entries(touches))('%s', async (_name, touch) => {
    await useAndStop();
    touch();
    expect(isAsCleanlyStopped(root())).toBe(false);
  });
});

test('damage of a store that had been stopped is refused', async () => {
  await useAndStop();
  writeFileSync(data(), Buffer.alloc(statSync(data()).size, 0x5a));
  await expect(open()).rejects.toMatchObject({ code: 'metadata.damaged' });
});

test('a mark that can’t be written costs nothing but time', async () => {
  await useAndStop();
  await using metadata = await open();
  rmSync(mark());
  await metadata.write('root', (tx) => tx.put(things, 'two', ''));
  rmSync(data());
  await metadata[Symbol.asyncDispose]();
  expect(isAsCleanlyStopped(root())).toBe(false);
});

test('there is no mark where the file system rounds times to seconds', async () => {
  await useAndStop();
  rmSync(mark());
  utimesSync(data(), 1_700_000_000, 1_700_000_000);
  markCleanStop(root(), inodeIn(root()));
  expect(isAsCleanlyStopped(root())).toBe(false);
});

test('what was put in the place of the file while it was open is not marked as sound', async () => {
  const copy = `${data()}.copy`;
  {
    await using metadata = await open();
    await metadata.write('root', (tx) => tx.put(things, 'one', ''));
    writeFileSync(copy, Buffer.alloc(statSync(data()).size, 0x5a));
    renameSync(copy, data());
  }
  expect(isAsCleanlyStopped(root())).toBe(false);
  await expect(open()).rejects.toMatchObject({ code: 'metadata.damaged' });
});
