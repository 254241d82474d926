import { closeSync, mkdirSync, openSync, unlinkSync } from 'node:fs';
import { dirname } from 'node:path';
import { hostErrors } from '@hawser/core/network';
import { kernelError } from './kernel-error.ts';
import { type Libc, MNT_DETACH, MS_BIND } from './libc.ts';
import { LinkIndex } from './link-index.ts';
import { setLink } from './netlink/link.ts';
import { NETLINK_ROUTE, NetlinkSocket, openNetlink } from './netlink/socket.ts';
import { Netns, isSystemError } from './netns.ts';

/** Names the thread's namespace while it is inside. */
const HERE = '/proc/thread-self/ns/net';

/**
 * Makes a namespace with lo up and binds it to a new file at `path`, which keeps it alive. Everything happens on the
 * JavaScript thread between leaving and coming back; a failure leaves no file.
 */
export function createNamespaceFile(libc: Libc, own: Netns, path: string, receiveTimeoutMs: number): void {
  makeFile(path);
  try {
    own.runInNew(() => {
      using socket = new NetlinkSocket(libc, () => openNetlink(libc, { protocol: NETLINK_ROUTE, receiveTimeoutMs }));
      const index = new LinkIndex(libc, () => socket.fd).indexOf('lo');
      socket.request(setLink({ index, up: true }, "bring up link 'lo'"));
      if (libc.mount(HERE, path, MS_BIND) !== 0) throw kernelError({ errno: libc.errno(), doing: `bind a network namespace to ${path}` });
    });
  } catch (error) {
    unlinkSync(path);
    throw error;
  }
}

/** Takes the namespace's name; it lives on while somebody holds it. Nothing but a namespace is ever unmounted or removed. */
export function deleteNamespaceFile(libc: Libc, own: Netns, path: string): void {
  Netns.identify(path, own);
  if (libc.umount2(path, MNT_DETACH) !== 0) throw kernelError({ errno: libc.errno(), doing: `unmount ${path}` });
  try {
    unlinkSync(path);
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code !== 'ENOENT') throw kernelError({ errno: Math.abs(error.errno ?? 0), doing: `remove ${path}` });
  }
}

function makeFile(path: string): void {
  try {
    mkdirSync(dirname(path), { recursive: true });
    closeSync(openSync(path, 'wx', 0o444));
  } catch (error) {
    if (!isSystemError(error)) throw error;
    if (error.code === 'EEXIST')
      throw hostErrors.alreadyExists(`something is at ${path} already`, { cause: error, details: { errno: 'EEXIST' } });
    throw kernelError({ errno: Math.abs(error.errno ?? 0), doing: `make ${path}` });
  }
}
