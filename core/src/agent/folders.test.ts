import { chmod, mkdir, mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { prepareFolders } from './folders.ts';

let base: string;
beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'hwt-folders-'));
});
afterEach(() => rm(base, { recursive: true }));

const modeOf = async (path: string) => ((await stat(path)).mode & 0o777).toString(8);

test('makes both with their modes, also above and where they are there', async () => {
  const root = join(base, 'a/b/root');
  const state = join(base, 'state');
  await mkdir(state);
  await chmod(state, 0o777);
  expect(await prepareFolders({ root, state })).toEqual({ root, state });
  expect([await modeOf(root), await modeOf(state)]).toEqual(['700', '711']);
  await prepareFolders({ root, state });
});

test('refuses folders that are one or lie in each other', async () => {
  for (const [root, state] of [
    ['x', 'x'],
    ['x', 'x/y'],
    ['x/y', 'x'],
    ['x', 'x/../x'],
  ] as const) {
    await expect(prepareFolders({ root: `${base}/${root}`, state: `${base}/${state}` })).rejects.toMatchObject({
      code: 'agent.folder_shared',
    });
  }
});

test('names the folder that can not be made', async () => {
  await writeFile(join(base, 'file'), '');
  const answer = prepareFolders({ root: join(base, 'file/root'), state: join(base, 'state') });
  await expect(answer).rejects.toMatchObject({
    code: 'agent.folder_failed',
    details: { key: 'root', path: join(base, 'file/root'), errno: 'ENOTDIR' },
  });
});
