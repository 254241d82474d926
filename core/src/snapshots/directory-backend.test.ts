import { rmSync } from 'node:fs';
import { mkdir, mkdtemp, readdir, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { signal } from '../testing/garbage.fixture.ts';
import { DirectoryBackend } from './directory-backend.ts';

const A = `default.${'a'.repeat(26)}`;
const B = `blue.green.${'b'.repeat(26)}`;
let place = '';
let folder = '';
let backend: DirectoryBackend;
beforeEach(async () => {
  place = await mkdtemp(join(tmpdir(), 'hwt-folders-'));
  folder = join(place, 'objects');
  backend = new DirectoryBackend(folder);
});
afterEach(() => rm(place, { recursive: true, force: true }));

const listed = async () => {
  const ids: string[] = [];
  for await (const id of backend.list(signal)) ids.push(id);
  return ids.sort();
};
const active = (id: string, parents: readonly string[] = []) => ({ id, kind: 'active', parents }) as const;

test('a folder that isn’t there yet holds nothing; nothing is removed from it', async () => {
  expect(await listed()).toEqual([]);
  await backend.remove(A, signal);
  expect(await readdir(place)).toEqual([]);
});

test('places are those of an overlay: its own folder, and those below it', async () => {
  expect(await backend.prepare(active(A), signal)).toEqual({ path: join(folder, A), below: [] });
  expect(await backend.prepare(active(B, [A]), signal)).toEqual({ path: join(folder, B), below: [join(folder, A)] });
  const look = { id: `default.${'c'.repeat(26)}`, kind: 'view', parents: [B, A] } as const;
  expect(await backend.prepare(look, signal)).toEqual({ below: [join(folder, B), join(folder, A)] });
});

test('what is half made or half removed is listed, and goes like anything else', async () => {
  await mkdir(join(folder, `${A}.unfinished`, 'deep'), { recursive: true });
  await backend.prepare(active(B), signal);
  await mkdir(join(folder, `${B}.unfinished`));
  await writeFile(join(folder, B, 'file'), 'x');
  expect(await listed()).toEqual([B, B, A].sort());
  await backend.remove(A, signal);
  await backend.remove(B, signal);
  expect(await readdir(folder)).toEqual([]);
});

test('what others have put there is left alone', async () => {
  await mkdir(join(folder, 'lost+found'), { recursive: true });
  await writeFile(join(folder, 'default.short'), 'x');
  expect(await listed()).toEqual([]);
  await backend.prepare(active(A), signal);
  expect(await listed()).toEqual([A]);
});

test('an id that could lead elsewhere is refused', async () => {
  await writeFile(join(place, 'precious'), 'x');
  for (const id of ['../precious', '..', '', `../x.${'a'.repeat(26)}`, `a/b.${'a'.repeat(26)}`]) {
    await expect(backend.remove(id, signal)).rejects.toMatchObject({ code: 'snapshots.invalid_type' });
    await expect(backend.prepare(active(id), signal)).rejects.toMatchObject({ code: 'snapshots.invalid_type' });
  }
  expect(await readdir(place)).toEqual(['precious']);
});

test('usage and commit don’t follow links out of the folder', async () => {
  await writeFile(join(place, 'big'), Buffer.alloc(1_000_000));
  await backend.prepare(active(A), signal);
  await symlink(join(place, 'big'), join(folder, A, 'link'));
  await symlink(join(place, 'nowhere'), join(folder, A, 'broken'));
  await backend.commit(active(A), signal);
  const { bytes, items } = await backend.usage(A, signal);
  expect(items).toBe(3);
  expect(bytes).toBeLessThan(100_000);
});

test('what its owner deletes while usage is measured does not count', async () => {
  await backend.prepare(active(A), signal);
  for (const name of ['a', 'b']) await mkdir(join(folder, A, name));
  await writeFile(join(folder, A, 'c'), 'x');
  let asked = 0;
  const meddling = Object.assign(new AbortController().signal, {
    throwIfAborted: () => {
      if (++asked === 2) for (const name of ['a', 'b', 'c']) rmSync(join(folder, A, name), { recursive: true });
    },
  });
  expect((await backend.usage(A, meddling)).items).toBe(1);
});

test('a removal that is told to end goes on from where it was', async () => {
  await backend.prepare(active(A), signal);
  await expect(backend.remove(A, AbortSignal.abort(new Error('not now')))).rejects.toThrow('not now');
  await backend.remove(A, signal);
  expect(await listed()).toEqual([]);
});
