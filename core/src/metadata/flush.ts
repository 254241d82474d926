import { open } from 'node:fs/promises';

/** Puts a file on the disk, or the names in a folder, so that what was written or renamed there outlives a power loss. */
export async function flush(path: string): Promise<void> {
  await using file = await open(path, 'r');
  await file.sync();
}
