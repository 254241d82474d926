import { closeSync, constants, ftruncateSync, openSync, readFileSync, writeSync } from 'node:fs';
import { join } from 'node:path';
import { messageOf, toHawserError } from '../errors/index.ts';
import { metadataErrors } from './errors.ts';
import { fileError } from './file-error.ts';

const LOCK_FILE = 'store.lock';
const LOCK_EX = 2;
const LOCK_NB = 4;
/** EWOULDBLOCK: on Linux, then on the BSDs. */
const HELD = new Set([11, 35]);

/**
 * Takes a folder for this process, or fails at once with `metadata.locked`, which names the holder. The lock is the
 * kernel's (flock), so that it ends with the process however that dies; the file's text only says whose it is.
 */
export async function lockFolder(folder: string): Promise<Disposable> {
  const path = join(folder, LOCK_FILE);
  const fd = openLockFile(path);
  try {
    await flock(fd, folder, path);
    ftruncateSync(fd, 0);
    writeSync(fd, `${process.pid}\n`, 0);
  } catch (error) {
    closeSync(fd);
    throw fileError(error, path) ?? metadataErrors.lockFailed(`${path} can't be written: ${messageOf(error)}`, { cause: error });
  }
  return { [Symbol.dispose]: () => closeSync(fd) };
}

function openLockFile(path: string): number {
  try {
    return openSync(path, constants.O_RDWR | constants.O_CREAT, 0o600);
  } catch (error) {
    throw fileError(error, path) ?? metadataErrors.lockFailed(`${path} can't be opened: ${messageOf(error)}`, { cause: error });
  }
}

async function flock(fd: number, folder: string, path: string): Promise<void> {
  const { default: koffi } = await import('koffi');
  const call = koffi.load(null).func('int flock(int, int)');
  if (call(fd, LOCK_EX | LOCK_NB) === 0) return;
  const errno = koffi.errno();
  if (!HELD.has(errno)) throw metadataErrors.lockFailed(`${path} can't be locked (errno ${errno})`, { details: { errno } });
  const pid = holder(path);
  throw metadataErrors.locked(`${folder} is in use by ${pid === undefined ? 'another process' : `process ${pid}`}`, {
    details: { folder, ...(pid === undefined ? {} : { pid }) },
  });
}

/** Who wrote the lock file last; undefined in the instant in which a new holder hasn't yet. */
function holder(path: string): number | undefined {
  try {
    const pid = Number(readFileSync(path, 'utf8').trim());
    return Number.isSafeInteger(pid) && pid > 0 ? pid : undefined;
  } catch (error) {
    throw metadataErrors.lockFailed(`${path} can't be read`, { cause: toHawserError(error) });
  }
}
