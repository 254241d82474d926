import type { HostEvent } from '@hawser/core/network';
import { EventQueue } from './event-queue.ts';
import { errnoName, kernelError } from './kernel-error.ts';
import { type Libc, MSG_TRUNC } from './libc.ts';
import type { Netns } from './netns.ts';
import { RTM_DELADDR, RTM_NEWADDR, decodeAddress } from './netlink/address.ts';
import { RTM_DELLINK, RTM_NEWLINK, decodeLink, dumpLinks } from './netlink/link.ts';
import { type Message, Messages } from './netlink/message.ts';
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
  /** For the links that are there at the beginning and after an overrun. */
  readonly space: { readonly socket: Pick<NetlinkSocket, 'dump'> };
  /** Events that may wait for the reader. */
  readonly capacity: number;
  /** Called when the watch has ended. */
  readonly onEnd: () => void;
}

/** Notifications of one namespace from now on, until the signal aborts or the reader leaves. */
export function watch(options: WatchOptions, signal: AbortSignal): EventQueue {
  const { libc, netns, capacity, onEnd } = options;
  signal.throwIfAborted();
  using opening = new DisposableStack();
  const socket = { protocol: NETLINK_ROUTE, groups: GROUPS, nonBlocking: true, receiveTimeoutMs: 0, receiveBuffer: RECEIVE_BUFFER };
  const fd = opening.adopt(
    netns.run(() => openNetlink(libc, socket)),
    (open) => void libc.close(open),
  );
  const stop = () => queue.end();
  const queue = new EventQueue(capacity, () => {
    signal.removeEventListener('abort', stop);
    opened.dispose();
    onEnd();
  });
  const listener = new Listener(options, fd, queue);
  opening.use(libc.onReadable(fd, () => listener.read()));
  const opened = opening.move();
  signal.addEventListener('abort', stop, { once: true });
  return queue;
}

/** Reads one socket's notifications into a queue. */
class Listener {
  readonly #options: WatchOptions;
  readonly #fd: number;
  readonly #queue: EventQueue;
  readonly #buffer = Buffer.alloc(BUFFER_SIZE);
  /** Links by index, because an address is read about when its link may have gone. */
  #names: Map<number, string>;
  #lost = false;

  /** The socket listens already, so that no link slips between the dump and the first notification. */
  constructor(options: WatchOptions, fd: number, queue: EventQueue) {
    this.#options = options;
    this.#fd = fd;
    this.#queue = queue;
    this.#names = this.#linkNames();
  }

  read(): void {
    try {
      for (let turn = 0; turn < TURN && this.#receive(); turn++);
    } catch (error) {
      this.#queue.fail(error);
    }
  }

  /** Whether more may wait. */
  #receive(): boolean {
    const size = this.#options.libc.recv(this.#fd, this.#buffer, MSG_TRUNC);
    if (size >= 0) {
      if (size > this.#buffer.length) this.#lost = true;
      else if (!this.#lost) for (const event of decodeEvents(this.#buffer.subarray(0, size), this.#names)) this.#queue.push(event);
      return true;
    }
    const errno = this.#options.libc.errno();
    switch (errnoName(errno)) {
      case 'EAGAIN':
        this.#recover();
        return false;
      case 'EINTR':
        return true;
      case 'ENOBUFS':
        this.#lost = true;
        return true;
      default:
        throw kernelError({ errno, doing: 'listen to the kernel' });
    }
  }

  /**
   * After an overrun the kernel drops everything, without a further word, until the socket has been read empty. Only
   * then may the reader be told to look again: what it does not see then will be notified.
   */
  #recover(): void {
    if (!this.#lost) return;
    this.#lost = false;
    this.#names = this.#linkNames();
    this.#queue.push({ type: 'overrun' });
  }

  #linkNames(): Map<number, string> {
    return new Map(this.#options.space.socket.dump(dumpLinks('list links'), decodeLink).map((link) => [link.index, link.name]));
  }
}

/**
 * Reads notifications; `names` is kept up to date. Bytes that make no sense count as an overrun.
 */
export function decodeEvents(bytes: Buffer, names: Map<number, string>): readonly HostEvent[] {
  const events: HostEvent[] = [];
  try {
    const messages = new Messages(bytes);
    while (messages.next()) {
      const event = linkEvent(messages, names) ?? addressEvent(messages, names);
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
