import { cpSync, mkdtempSync, renameSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openMetadata } from './lmdb-metadata.ts';
import { defineCollection } from './store.ts';

const THINGS = defineCollection<string>('state', 'test_things');

let folder: string;
let state: string;
const open = () => openMetadata({ root: join(folder, 'root'), state, log: pino({ level: 'silent' }), bootId: async () => 'this-boot' });
type Opened = Awaited<ReturnType<typeof open>>;

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hwt-kept-'));
  state = join(folder, 'state');
});
afterEach(() => rmSync(folder, { recursive: true }));

const put = (metadata: Opened, key: string) => metadata.write('state', (tx) => tx.put(THINGS, key, key));
const remove = (metadata: Opened, key: string) => metadata.write('state', (tx) => tx.delete(THINGS, key));
const take = (metadata: Opened, key: string) =>
  metadata.write('state', (tx) => {
    tx.refuseWhenFull();
    tx.put(THINGS, key, key);
  });
const things = (metadata: Opened): readonly string[] => metadata.read('state', (tx) => [...tx.keys(THINGS)]);

async function afterwards(): Promise<readonly string[]> {
  await using metadata = await open();
  expect(await metadata.lookAfter()).toBeUndefined();
  await take(metadata, 'new');
  return things(metadata);
}

describe('a store that is taken away under its agent', () => {
  test.each([
    ['with its folder', () => rmSync(state, { recursive: true })],
    ['by its own folder', () => rmSync(join(state, 'store'), { recursive: true })],
    ['by its file', () => rmSync(join(state, 'store', 'data.mdb'))],
    ['by another name', () => renameSync(state, `${state}-moved`)],
  ])('%s takes nothing new, undoes what is there, and is there again for the next start', async (_how, loseIt) => {
    {
      await using metadata = await open();
      await put(metadata, 'a');
      await put(metadata, 'b');
      expect(await metadata.lookAfter()).toBeUndefined();
      loseIt();
      await take(metadata, 'c'); // nobody has looked yet
      expect(await metadata.lookAfter()).toMatchObject({
        code: 'metadata.file_lost',
        remedy: expect.stringContaining('Start the agent again'),
      });
      await expect(take(metadata, 'd')).rejects.toMatchObject({ code: 'metadata.file_lost' });
      await expect(open()).rejects.toMatchObject({ code: 'metadata.locked' });
      await remove(metadata, 'a');
      expect(things(metadata)).toEqual(['b', 'c']);
      expect(await metadata.lookAfter()).toMatchObject({ code: 'metadata.file_lost' });
    }
    expect(await afterwards()).toEqual(['b', 'c', 'new']);
  });

  test('is there again from the moment of the look, should the agent be killed', async () => {
    const dead = folder;
    {
      await using metadata = await open();
      await put(metadata, 'a');
      rmSync(join(state, 'store'), { recursive: true });
      await metadata.lookAfter();
      folder = mkdtempSync(join(tmpdir(), 'hwt-kept-'));
      cpSync(dead, folder, { recursive: true });
    }
    rmSync(dead, { recursive: true });
    state = join(folder, 'state');
    expect(await afterwards()).toEqual(['a', 'new']);
  });

  test('is there again after a stop that came before the look', async () => {
    const metadata = await open();
    await put(metadata, 'a');
    rmSync(state, { recursive: true });
    await metadata[Symbol.asyncDispose]();
    expect(await afterwards()).toEqual(['a', 'new']);
  });

  test('leaves alone what another agent has put there', async () => {
    const first = await open();
    await put(first, 'first');
    rmSync(state, { recursive: true });
    rmSync(join(folder, 'root', 'store.lock'));
    const second = await open();
    await put(second, 'second');
    expect(await first.lookAfter()).toMatchObject({ code: 'metadata.file_lost' });
    await first[Symbol.asyncDispose]();
    expect(await second.lookAfter()).toBeUndefined();
    expect(things(second)).toEqual(['second']);
    await second[Symbol.asyncDispose]();
  });
});
