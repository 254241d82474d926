import { statfsSync, statSync } from 'node:fs';
import { HawserError } from '../errors/index.ts';
import { metadataErrors } from './errors.ts';

/** What Node.js and LMDB say where nothing can be written for want of room: names, numbers, and LMDB's own "map full". */
const FULL = new Set<unknown>(['ENOSPC', 'EDQUOT', 28, 122, -30792]);
const READ_ONLY = new Set<unknown>(['EROFS', 30]);
const FORBIDDEN = new Set<unknown>(['EACCES', 'EPERM', 13, 1]);
const IN_THE_WAY = new Set<unknown>(['ENOTDIR', 'EEXIST', 20, 17]);
/** What the name of a folder is to blame for. */
const NO_FOLDER = new Set<unknown>(['ENOENT', 'ELOOP', 'ENAMETOOLONG', 'EINVAL', 'ENOTSUP', 'ENODEV', 'ENXIO']);

/** An error of the file system or of LMDB as one of the catalogue, which names the path; undefined where it is none of theirs. */
export function fileError(error: unknown, path: string): HawserError | undefined {
  if (error instanceof HawserError) return error;
  const code = codeOf(error);
  const options = { cause: error, details: { path } };
  if (FULL.has(code)) return fullDisk(path, error);
  if (READ_ONLY.has(code)) return metadataErrors.readOnly(`${path} is on a file system that is read-only`, options);
  if (FORBIDDEN.has(code)) {
    const remedy = 'Run as root, or set `root` and `state` in the config to folders that this user owns.';
    return metadataErrors.readOnly(`${path} can't be used by this user`, { ...options, remedy });
  }
  if (IN_THE_WAY.has(code)) return metadataErrors.badFolder(`${path} can't be a folder: something else is in its way`, options);
  if (NO_FOLDER.has(code)) return metadataErrors.badFolder(`${path} can't be made: ${String(code)}`, options);
  return undefined;
}

/** What a commit has failed with as one of the catalogue, whose path nobody knows here. */
export function commitError(error: unknown): HawserError {
  if (error instanceof HawserError) return error;
  const code = codeOf(error);
  if (FULL.has(code)) return metadataErrors.diskFull('the disk of the store is full', { cause: error });
  if (READ_ONLY.has(code) || FORBIDDEN.has(code)) return metadataErrors.readOnly('the store is read-only', { cause: error });
  return metadataErrors.commitFailed('a commit failed', { cause: error });
}

/** A full disk by name; one that has room and can't name another file says so. */
export function fullDisk(path: string, cause?: unknown): HawserError {
  const details = { path };
  if (!lacksInodes(path)) return metadataErrors.diskFull(`there is no space in ${path}`, { cause, details });
  const remedy = 'Delete files on the disk of the folder: it has space and no inode; nothing was written.';
  return metadataErrors.diskFull(`there is no inode left for ${path}`, { cause, details, remedy });
}

/** Whether something is there. What keeps that from being seen is thrown as one of the catalogue. */
export function isThere(path: string): boolean {
  try {
    statSync(path);
    return true;
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return false;
    throw fileError(error, path) ?? metadataErrors.openFailed(`${path} can't be looked at`, { cause: error });
  }
}

/** Node.js's name or LMDB's number. */
export function codeOf(error: unknown): string | number | undefined {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' || typeof code === 'number' ? code : undefined;
}

function lacksInodes(path: string): boolean {
  for (let at = path; ; at = at.slice(0, Math.max(at.lastIndexOf('/'), 1))) {
    try {
      const { files, ffree } = statfsSync(at);
      return files > 0 && ffree === 0;
    } catch {
      if (at === '/' || !at.startsWith('/')) return false; // nobody can say
    }
  }
}
