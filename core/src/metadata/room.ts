/**
 * Room on the disk for what LMDB does not ask for: it maps its table of readers as a file with holes, and touching one where no block
 * is left ends the process (SIGBUS); and a second commit that meets a full disk ends it too, see headroom.ts.
 */
import { closeSync, fstatSync, openSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** LMDB's name for it. */
const READERS_FILE = 'lock.mdb';
/** More than it wants for its 126 readers: a table of at least that size is taken as it is. */
const READERS_BYTES = 12 * 1024;
const BLOCK_BYTES = 512;

/** What a new store takes at its first commits, generously. */
const FIRST_BYTES = 128 * 1024;

/**
 * Gives the table of readers blocks of its own, if it has none yet. Only for who has the folder's lock: the table of whoever has the
 * store open would be emptied under it. Errors: those of the file system.
 */
export function reserveReaders(folder: string): void {
  const fd = openSync(join(folder, READERS_FILE), 'a+', 0o600);
  try {
    const { size, blocks } = fstatSync(fd);
    if (size >= READERS_BYTES && blocks * BLOCK_BYTES >= READERS_BYTES) return;
  } finally {
    closeSync(fd);
  }
  writeZeros(join(folder, READERS_FILE), READERS_BYTES);
}

/** Whether a new store finds room in a folder; errors: those of the file system. */
export function tryRoom(folder: string): void {
  const path = join(folder, 'room');
  try {
    writeZeros(path, FIRST_BYTES);
  } finally {
    rmSync(path, { force: true });
  }
}

/** Blocks are taken by writing them. */
function writeZeros(path: string, bytes: number): void {
  const fd = openSync(path, 'w', 0o600);
  try {
    for (let size = 0; size < bytes;) size += writeSync(fd, Buffer.alloc(bytes - size), 0, bytes - size, size);
  } finally {
    closeSync(fd);
  }
}
