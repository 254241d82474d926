import { chmod, open, readFile, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';
import { makeFolders } from '@hawser/core';

/**
 * Makes a file have this content and mode, by a temporary file beside it and a rename, so that nobody ever sees half
 * of it and an executable that runs is not written to. Resolves with whether anything had to change.
 */
export async function replaceFile(path: string, content: Uint8Array, mode: number): Promise<boolean> {
  const present = await readFile(path).catch(() => undefined);
  if (present?.equals(content) === true) {
    await chmod(path, mode);
    return false;
  }
  await makeFolders(dirname(path));
  const temporary = join(dirname(path), `.${basename(path)}.${process.pid}.tmp`);
  try {
    await write(temporary, content, mode);
    await rename(temporary, path);
  } catch (error) {
    await rm(temporary, { force: true });
    throw error;
  }
  return true;
}

async function write(path: string, content: Uint8Array, mode: number): Promise<void> {
  await using file = await open(path, 'w', mode);
  await file.writeFile(content);
  await file.chmod(mode);
  await file.sync();
}
