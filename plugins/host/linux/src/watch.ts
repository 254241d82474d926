import type { HostEvent } from '@hawser/core/network';
import { EventQueue } from './event-queue.ts';
import { errnoName, kernelError } from './kernel-error.ts';
import { type Libc, MSG_TRUNC } from './libc.ts';
import type { Netns } from './netns.ts';
import { RTM_DELADDR, RTM_NEWADDR, decodeAddress } from './netlink/address.ts';
import { RTM_DELLINK, RTM_NEWLINK, decodeLink, dumpLinks } from './netlink/link.ts';
import { type Message, decodeMessages } from './netlink/message.ts';
import { NETLINK_ROUTE, type NetlinkSocket, openNetlink } from './netlink/socket.ts';

/** Bits of RTNLGRP_LINK (1), RTNLGRP_IPV4_IFADDR (5) and RTNLGRP_IPV6_IFADDR (9). */
const GROUPS = (1 << 0) | (1 << 4) | (1 << 8);

const RECEIVE_BUFFER = 1 << 20;
const BUFFER_SIZE = 64 * 1024;
/** Datagrams read in one turn, so that a flood leaves room for other work. */
const TURN = 256;

export interface WatchOptions {
  readonly libc: Libc;
  readonly netns: Netns;
  /** For the links that are there at the beginning. */
  readonly socket: NetlinkSocket;
  /** Events that may wait for the reader. */
  readonly capacity: number;
}

/** Notifications of one namespace from now on, until the signal aborts or the reader leaves. */
export function watch(options: WatchOptions, signal: AbortSignal): EventQueue {
  const { libc, netns, socket, capacity } = options;
  signal.throwIfAborted();
  const fd = netns.run(() =>
    openNetlink(libc, { protocol: NETLINK_ROUTE, groups: GROUPS, nonBlocking: true, receiveTimeoutMs: 0, receiveBuffer: RECEIVE_BUFFER }),
  );
  // Listening comes first, so that no link slips between the dump and the first notification.
  const names = new Map(socket.dump(dumpLinks('list links'), decodeLink).map((link) => [link.index, link.name]));
  const buffer = Buffer.alloc(BUFFER_SIZE);
  const stop = () => queue.end();
  const queue = new EventQueue(capacity, () => {
    signal.removeEventListener('abort', stop);
    poll[Symbol.dispose]();
    libc.close(fd);
  });
  const poll = libc.onReadable(fd, () => {
    try {
      for (let turn = 0; turn < TURN; turn++) {
        const events = receive(libc, fd, buffer, names);
        if (events === undefined) return;
        for (const event of events) queue.push(event);
      }
    } catch (error) {
      queue.fail(error);
    }
  });
  signal.addEventListener('abort', stop, { once: true });
  return queue;
}

/** The events of one datagram; undefined when none waits. */
function receive(libc: Libc, fd: number, buffer: Buffer, names: Map<number, string>): readonly HostEvent[] | undefined {
  const size = libc.recv(fd, buffer, MSG_TRUNC);
  if (size > buffer.length) return [{ type: 'overrun' }];
  if (size >= 0) return decodeEvents(buffer.subarray(0, size), names);
  const errno = libc.errno();
  switch (errnoName(errno)) {
    case 'EAGAIN':
      return undefined;
    case 'EINTR':
      return [];
    case 'ENOBUFS':
      return [{ type: 'overrun' }];
    default:
      throw kernelError({ errno, doing: 'listen to the kernel' });
  }
}

/**
 * Reads notifications. `names` remembers links by index, because an address is read about when its link may have gone;
 * bytes that make no sense count as an overrun.
 */
export function decodeEvents(bytes: Buffer, names: Map<number, string>): readonly HostEvent[] {
  const events: HostEvent[] = [];
  try {
    for (const message of decodeMessages(bytes)) {
      const event = linkEvent(message, names) ?? addressEvent(message, names);
      if (event !== undefined) events.push(event);
    }
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    events.push({ type: 'overrun' });
  }
  return events;
}

function linkEvent(message: Message, names: Map<number, string>): HostEvent | undefined {
  if (message.type !== RTM_NEWLINK && message.type !== RTM_DELLINK) return undefined;
  const link = decodeLink(message);
  if (link === undefined) return undefined;
  const removed = message.type === RTM_DELLINK;
  // The kernel tells of a link's addresses before it tells that the link has gone.
  if (removed) names.delete(link.index);
  else names.set(link.index, link.name);
  return { type: 'link', change: removed ? 'removed' : 'set', link };
}

function addressEvent(message: Message, names: Map<number, string>): HostEvent | undefined {
  if (message.type !== RTM_NEWADDR && message.type !== RTM_DELADDR) return undefined;
  const address = decodeAddress(message);
  const link = names.get(address?.link ?? 0);
  if (address === undefined || link === undefined) return undefined;
  const change = message.type === RTM_NEWADDR ? 'set' : 'removed';
  return { type: 'address', change, address: { link, cidr: address.cidr, ...(address.nodad ? { nodad: true } : {}) } };
}
