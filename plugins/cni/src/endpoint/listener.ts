import { lstat, rename, rm, unlink } from 'node:fs/promises';
import { chmodSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { isErrno, isListenedOn } from '@hawser/core';
import { cniErrors } from './errors.ts';

/** What a unix socket's address holds, less the closing NUL and the mark of the temporary name. */
const MAX_PATH_BYTES = 106;

/** Connections that the kernel keeps until they are accepted: pods start in parallel without a limit. */
const BACKLOG = 4096;

export interface ListenerOptions {
  readonly path: string;
  readonly onConnection: (socket: Socket) => void;
  /** An error of the socket itself after it listens, e.g. too many open files. */
  readonly onError: (error: Error) => void;
}

/** A socket that is listened on; closing stops accepting and removes it, connections go on. */
export interface Listener {
  /** Listens anew where somebody has taken the socket away, and says whether it had to. Fails as `listen` does. */
  repair(): Promise<boolean>;
  close(): Promise<void>;
}

interface Bound {
  readonly server: Server;
  readonly inode: number;
}

/**
 * Listens on a unix socket with mode 0600. The file of an agent that has died is replaced; one that somebody listens
 * on, and anything that isn't a socket, is left alone and refused.
 */
export async function listen(options: ListenerOptions): Promise<Listener> {
  const { path } = options;
  let bound = await open(options);
  return {
    repair: async () => {
      const { server, inode } = bound;
      if ((await inodeAt(path)) === inode) return false;
      bound = await open(options);
      server.close();
      return true;
    },
    close: () => close(bound, path),
  };
}

async function open({ path, onConnection, onError }: ListenerOptions): Promise<Bound> {
  if (Buffer.byteLength(path) > MAX_PATH_BYTES)
    throw cniErrors.socketPath(`the path of the CNI socket has ${Buffer.byteLength(path)} bytes`);
  await checkVacant(path);
  const server = createServer({ allowHalfOpen: true }, onConnection);
  // Bound under another name and renamed, so that the socket is never there with a wider mode or without a listener.
  const temporary = `${path}~`;
  await rm(temporary, { force: true });
  try {
    await bind(server, temporary);
    const { ino: inode } = await lstat(temporary);
    await rename(temporary, path);
    server.on('error', onError);
    return { server, inode };
  } catch (cause) {
    server.close();
    throw cniErrors.listenFailed(`the CNI socket ${path} cannot be opened`, { cause });
  }
}

async function bind(server: Server, path: string): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  server.once('error', reject);
  server.listen({ path, backlog: BACKLOG }, () => {
    server.off('error', reject);
    resolve();
  });
  await promise;
  chmodSync(path, 0o600);
}

async function close({ server, inode }: Bound, path: string): Promise<void> {
  if ((await inodeAt(path)) === inode) await unlink(path);
  server.close();
}

const inodeAt = async (path: string): Promise<number | undefined> => (await lstat(path).catch(() => undefined))?.ino;

async function checkVacant(path: string): Promise<void> {
  const there = await lstat(path).catch((error: unknown) => {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw cniErrors.listenFailed(`the CNI socket ${path} cannot be looked at`, { cause: error });
  });
  if (there === undefined) return;
  if (!there.isSocket()) throw cniErrors.socketBlocked(`${path} is there and is no socket`);
  if (await isListenedOn(path)) throw cniErrors.socketInUse(`another agent listens on ${path}`);
}
