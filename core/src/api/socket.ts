import { chmod, link, lstat, rename, unlink } from 'node:fs/promises';
import { isListenedOn, type Random } from '../context/index.ts';
import { type HawserError, isErrno, toHawserError } from '../errors/index.ts';
import { fullDisk } from '../metadata/file-error.ts';
import { apiErrors } from './errors.ts';

/** The kernel's bound for the path of a unix socket, without the terminating zero. */
const MAX_PATH = 107;

/** A place in the file system that this process alone has. */
export interface ClaimedSocket extends AsyncDisposable {
  readonly path: string;
  /** Whether it still is the one at its path. */
  isThere(): Promise<boolean>;
}

/** Where the socket is to be, and who may connect: 0600 for its owner, 0666 where the server tells users apart itself. */
export interface SocketPlace {
  readonly path: string;
  readonly random: Random;
  readonly mode: number;
}

/**
 * Puts a listening socket at `path`. What stands there is replaced when nobody listens at it any more and refused
 * with `api.socket_in_use` when somebody does. Of several processes that try at once, one gets it: `listen` binds a
 * name of its own, and a hard link, which never replaces, gives it the public one, once it has its mode.
 */
export async function claimSocket(
  { path, random, mode }: SocketPlace,
  listen: (privatePath: string) => Promise<void>,
): Promise<ClaimedSocket> {
  const own = `${path}.${Buffer.from(random.bytes(4)).toString('hex')}`;
  if (Buffer.byteLength(own) > MAX_PATH) {
    throw apiErrors.socketFailed(`the path of the socket is too long: ${path}`, { details: { path, maximum: MAX_PATH - 9 } });
  }
  await listen(own);
  try {
    await chmod(own, mode);
    await publish(own, path);
  } finally {
    await unlink(own).catch(ignoreMissing);
  }
  const { ino } = await lstat(path);
  const isThere = async (): Promise<boolean> => (await lstat(path).catch(() => undefined))?.ino === ino;
  return {
    path,
    isThere,
    [Symbol.asyncDispose]: async () => {
      if (await isThere()) await unlink(path).catch(ignoreMissing);
    },
  };
}

async function publish(own: string, path: string): Promise<void> {
  for (let attempt = 0; attempt < 10; attempt++) {
    if (await tryLink(own, path)) return;
    await refuseOther(path);
    if (await isListenedOn(path)) throw apiErrors.socketInUse(`another agent listens at ${path}`, { details: { path } });
    await setAside(path, `${own}.old`);
  }
  throw apiErrors.socketFailed(`other processes keep taking ${path}`, { details: { path } });
}

/** What somebody keeps there that isn't a socket is theirs. */
async function refuseOther(path: string): Promise<void> {
  const present = await lstat(path).catch(() => undefined);
  if (present !== undefined && !present.isSocket())
    throw apiErrors.socketFailed(`${path} is there and isn't a socket`, { details: { path } });
}

async function tryLink(own: string, path: string): Promise<boolean> {
  try {
    await link(own, path);
    return true;
  } catch (error) {
    if (isErrno(error, 'EEXIST')) return false;
    throw socketError(`can't make ${path}`, path, error);
  }
}

/** A disk without room for a name is told with what helps. */
export function socketError(what: string, path: string, error: unknown): HawserError {
  const remedy = isErrno(error, 'ENOSPC') ? { remedy: fullDisk(path).remedy } : {};
  return apiErrors.socketFailed(`${what}: ${toHawserError(error).message}`, { cause: error, ...remedy });
}

/** Removes a dead socket; gives back one that has come to life between looking and taking. */
async function setAside(path: string, aside: string): Promise<void> {
  try {
    await rename(path, aside);
  } catch (error) {
    return ignoreMissing(error);
  }
  if (await isListenedOn(aside)) await tryLink(aside, path);
  await unlink(aside);
}

function ignoreMissing(error: unknown): void {
  if (!isErrno(error, 'ENOENT')) throw error;
}
