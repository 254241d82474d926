import { type Context, type HawserError } from '@hawser/core';
import { type Family, hostErrors } from '@hawser/core/network';
import { familyNumber, parseAddress } from '../address-text.ts';
import { errnoName, kernelError } from '../kernel-error.ts';
import { type Libc, SOCK_CLOEXEC, SOCK_DGRAM, SOCK_NONBLOCK, SOCK_RAW } from '../libc.ts';
import { writeU16 } from '../netlink/bytes.ts';
import type { Netns } from '../netns.ts';
import { encodeEcho, isReply } from './echo.ts';

const PROTOCOL = { 4: 1, 6: 58 } as const;

/** Random bytes by which an answer is known; nobody else's ping has them. */
const DATA_SIZE = 32;
const RECEIVE_SIZE = 2048;

/** Errnos by which the kernel says at once that no packet gets there. */
const UNREACHABLE = {
  ENETUNREACH: hostErrors.unreachable,
  EHOSTUNREACH: hostErrors.unreachable,
  ENETDOWN: hostErrors.unreachable,
  EHOSTDOWN: hostErrors.unreachable,
  ECONNREFUSED: hostErrors.unreachable,
  EADDRNOTAVAIL: hostErrors.unreachable,
  EACCES: hostErrors.unreachable,
  EINVAL: hostErrors.unreachable,
};

export interface PingOptions {
  readonly libc: Libc;
  readonly netns: Netns;
  readonly context: Context;
  readonly timeoutMs: number;
  readonly signal: AbortSignal;
}

/** One ICMP echo from inside the namespace. */
export async function ping(address: string, options: PingOptions): Promise<{ readonly rttMs: number }> {
  const { libc, netns, context, timeoutMs, signal } = options;
  signal.throwIfAborted();
  const bytes = parseAddress(address);
  const family: Family = bytes.length === 4 ? 4 : 6;
  const fd = netns.run(() => openIcmp(libc, family));
  const data = context.random.bytes(DATA_SIZE);
  const answer = Promise.withResolvers<{ readonly rttMs: number }>();
  const abort = () => answer.reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    const sentAt = context.clock.monotonic();
    using _timer = context.clock.timer(timeoutMs, () => answer.reject(unreachable(address, timeoutMs)));
    using _poll = libc.onReadable(fd, () => {
      if (receiveReply(libc, fd, family, data)) answer.resolve({ rttMs: context.clock.monotonic() - sentAt });
    });
    if (libc.sendto(fd, encodeEcho(family, context.random.integer(0x10000), data), socketAddress(family, bytes)) < 0) {
      throw kernelError({ errno: libc.errno(), doing: `send an echo to ${address}` }, UNREACHABLE);
    }
    return await answer.promise;
  } finally {
    signal.removeEventListener('abort', abort);
    libc.close(fd);
  }
}

function unreachable(address: string, timeoutMs: number): HawserError {
  return hostErrors.unreachable(`${address} did not answer an echo within ${timeoutMs} ms`);
}

/** Raw, or the kind that the sysctl ping_group_range allows to users. Throws what the kernel says. */
export function openIcmp(libc: Libc, family: Family): number {
  for (const type of [SOCK_RAW, SOCK_DGRAM]) {
    const fd = libc.socket(familyNumber(family), type | SOCK_CLOEXEC | SOCK_NONBLOCK, PROTOCOL[family]);
    if (fd >= 0) return fd;
  }
  throw kernelError({ errno: libc.errno(), doing: 'open an ICMP socket' });
}

/** Reads all that waits; a raw socket gets everybody's ICMP. */
function receiveReply(libc: Libc, fd: number, family: Family, data: Uint8Array): boolean {
  const buffer = Buffer.alloc(RECEIVE_SIZE);
  for (;;) {
    const size = libc.recv(fd, buffer, 0);
    if (size >= 0 && isReply(buffer.subarray(0, size), family, data)) return true;
    // Errors such as "host unreachable" concern one packet, perhaps another's: the time-out decides.
    if (size < 0 && errnoName(libc.errno()) !== 'EINTR') return false;
  }
}

/** struct sockaddr_in (16 bytes) or sockaddr_in6 (28). */
function socketAddress(family: Family, bytes: Uint8Array): Buffer {
  const address = Buffer.alloc(family === 4 ? 16 : 28);
  writeU16(address, familyNumber(family));
  address.set(bytes, family === 4 ? 4 : 8);
  return address;
}
