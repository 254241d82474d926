import { closeSync, fstatSync, openSync, readSync } from 'node:fs';
import { isErrno } from '../errors/index.ts';
import { metadataErrors } from './errors.ts';
import { type FileMeta, findDamage, type ReadAt, readMeta } from './lmdb-file.ts';

/** Throws `metadata.damaged` unless every page that the file's newest state refers to is there and in order. */
export function assertSound(path: string): void {
  const damage = inspect(path, findDamage);
  if (damage !== undefined) throw metadataErrors.damaged(`${path} is damaged: ${damage}`, { details: { path, damage } });
}

/** The newest state that the file claims; `metadata.damaged` where it has none. */
export function readFileMeta(path: string): FileMeta {
  const meta = inspect(path, readMeta);
  if (typeof meta === 'string') throw metadataErrors.damaged(`${path} is damaged: ${meta}`, { details: { path, damage: meta } });
  return meta;
}

function inspect<T>(path: string, look: (read: ReadAt, size: number) => T): T {
  const fd = openForReading(path);
  try {
    return look((position, length) => readAt(fd, position, length), fstatSync(fd).size);
  } finally {
    closeSync(fd);
  }
}

function openForReading(path: string): number {
  try {
    return openSync(path, 'r');
  } catch (error) {
    if (isErrno(error, 'ENOENT'))
      throw metadataErrors.damaged(`${path} is missing`, { cause: error, details: { path, damage: 'it is missing' } });
    throw metadataErrors.openFailed(`${path} can't be read`, { cause: error });
  }
}

function readAt(fd: number, position: number, length: number): Buffer {
  const buffer = Buffer.alloc(length);
  let read = 0;
  while (read < length) {
    const count = readSync(fd, buffer, read, length - read, position + read);
    if (count === 0) break;
    read += count;
  }
  return buffer.subarray(0, read);
}
