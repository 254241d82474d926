import { existsSync, mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { makeFolders } from './make-folders.ts';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hwt-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

const modeOf = (path: string): number => statSync(path).mode & 0o777;

test('folders are made with those above them, by two at once too, and those that are there keep their mode', async () => {
  const path = join(folder, 'a/b/c');
  await Promise.all([makeFolders(path, 0o700), makeFolders(path, 0o700)]);
  expect([modeOf(join(folder, 'a')), modeOf(path)]).toEqual([0o700, 0o700]);
  await makeFolders(path, 0o755);
  expect(modeOf(path)).toBe(0o700);
});

test('what is no folder stays in the way', async () => {
  const file = join(folder, 'file');
  writeFileSync(file, '');
  await expect(makeFolders(file)).rejects.toMatchObject({ code: 'EEXIST' });
  await expect(makeFolders(join(file, 'below'))).rejects.toMatchObject({ code: 'ENOTDIR' });
});

test.skipIf(!existsSync('/proc/self'))('a file system that makes nothing is told at once (needs procfs)', async () => {
  await expect(makeFolders('/proc/hwt/a/b')).rejects.toMatchObject({ code: 'ENOENT' });
});
