/**
 * Room on the disk for what LMDB does not ask for: it maps its table of readers as a file with holes, and touching one where no block
 * is left ends the process (SIGBUS); and a second commit that meets a full disk ends it too, see headroom.ts.
 */
import { closeSync, constants, fstatSync, openSync, readSync, rmSync, writeSync } from 'node:fs';
import { join } from 'node:path';

/** LMDB's name for it. */
const READERS_FILE = 'lock.mdb';
/** More than it wants for its 126 readers: a table of at least that size is taken as it is. */
const READERS_BYTES = 12 * 1024;
const BLOCK_BYTES = 512;

/** What a new store takes at its first commits, generously. */
const FIRST_BYTES = 128 * 1024;

/**
 * Gives the table of readers blocks of its own, if it has none yet, and leaves what stands in it. For who has the folder's lock.
 * Errors: those of the file system.
 */
export function reserveReaders(folder: string): void {
  const fd = openSync(join(folder, READERS_FILE), constants.O_RDWR | constants.O_CREAT, 0o600);
  try {
    const { size, blocks } = fstatSync(fd);
    if (size >= READERS_BYTES && blocks * BLOCK_BYTES >= READERS_BYTES) return;
    const table = Buffer.alloc(Math.max(size, READERS_BYTES));
    readSync(fd, table, 0, size, 0);
    writeWhole(fd, table);
  } finally {
    closeSync(fd);
  }
}

/** Whether a new store finds room in a folder; errors: those of the file system. */
export function tryRoom(folder: string): void {
  const path = join(folder, 'room');
  const fd = openSync(path, 'w', 0o600);
  try {
    writeWhole(fd, Buffer.alloc(FIRST_BYTES));
  } finally {
    closeSync(fd);
    rmSync(path, { force: true });
  }
}

/** Blocks are taken by writing them. */
function writeWhole(fd: number, bytes: Buffer): void {
  for (let done = 0; done < bytes.length;) done += writeSync(fd, bytes, done, bytes.length - done, done);
}
