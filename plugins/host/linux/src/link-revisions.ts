import type { Link } from '@hawser/core/network';
import { EAGAIN, EINTR, ENOBUFS, type Libc, MSG_TRUNC } from './libc.ts';
import { RTM_DELADDR, RTM_NEWADDR } from './netlink/address.ts';
import { readI32 } from './netlink/bytes.ts';
import { RTM_DELLINK, RTM_NEWLINK, decodeLink } from './netlink/link.ts';
import { MAX_FILTERED, NETCONFA_IFINDEX_ALL, NETCONF_INDEX_AT, RTM_NEWNETCONF, linkFilter } from './netlink/link-filter.ts';
import { type Message, Messages } from './netlink/message.ts';
import { NETLINK_ROUTE, openNetlink } from './netlink/socket.ts';
import type { Netns } from './netns.ts';

/** Bits of RTNLGRP_LINK (1), RTNLGRP_IPV{4,6}_IFADDR (5, 9) and RTNLGRP_IPV{4,6}_NETCONF (24, 25). */
const GROUPS = (1 << 0) | (1 << 4) | (1 << 8) | (1 << 23) | (1 << 24);

/** Notifications that one question reads at most; who changes more meanwhile has changed everything. */
const MOST = 1_024;

const buffer = Buffer.alloc(16 * 1024);

/** Of a message, before what its type has. */
const HEADER = 16;

interface Followed {
  readonly name: string;
  readonly index: number;
  revision: number;
  /** As it was when it was last told of. */
  link: Link;
}

/**
 * Whether links are still as they were, by the kernel's word: it queues what it tells of a change before the call that
 * makes the change returns, so that an empty queue says that nothing has changed. Reading it costs a microsecond where
 * asking for the link and its addresses costs a hundred; nobody waits for it, and no event loop knows of it.
 */
export class LinkRevisions implements Disposable {
  readonly #libc: Libc;
  readonly #netns: Netns;
  readonly #look: (name: string) => Link | undefined;
  readonly #followed = new Map<number, Followed>();
  #last = 0;
  #fd = -1;

  /** `look` asks the kernel for a link. */
  constructor(libc: Libc, netns: Netns, look: (name: string) => Link | undefined) {
    this.#libc = libc;
    this.#netns = netns;
    this.#look = look;
  }

  /** As the contract's `revision` has it. */
  of(name: string): number | undefined {
    if (this.#fd >= 0) this.#drain();
    for (const followed of this.#followed.values()) if (followed.name === name) return followed.revision;
    return this.#follow(name);
  }

  [Symbol.dispose](): void {
    this.#followed.clear();
    if (this.#fd >= 0) this.#libc.close(this.#fd);
    this.#fd = -1;
  }

  #follow(name: string): number | undefined {
    const index = this.#look(name)?.index;
    if (index === undefined) return undefined;
    if (this.#followed.size >= MAX_FILTERED) this.#followed.clear();
    this.#listen([...this.#followed.keys(), index]);
    // What became of it before the kernel tells of it.
    const link = this.#look(name);
    if (link?.index !== index) return undefined;
    this.#followed.set(index, { name, index, link, revision: ++this.#last });
    return this.#last;
  }

  #listen(indices: readonly number[]): void {
    if (this.#fd < 0)
      this.#fd = this.#netns.run(() =>
        openNetlink(this.#libc, { protocol: NETLINK_ROUTE, groups: GROUPS, nonBlocking: true, receiveTimeoutMs: 0 }),
      );
    // A kernel without filters tells more, which is passed over.
    this.#libc.attachFilter(this.#fd, linkFilter(indices));
  }

  #drain(): void {
    for (let count = 0; count < MOST; count++) {
      const size = this.#libc.recv(this.#fd, buffer, MSG_TRUNC);
      if (size >= 0) this.#read(size);
      else if (!this.#goesOn(this.#libc.errno())) return;
    }
    this.#followed.clear();
  }

  /** Whether there may be more to read after a failure; of what was lost everything may have changed. */
  #goesOn(errno: number): boolean {
    if (errno === EAGAIN) return false;
    if (errno === EINTR) return true;
    this.#followed.clear();
    if (errno === ENOBUFS) return true;
    this[Symbol.dispose]();
    return false;
  }

  #read(size: number): void {
    try {
      if (size > buffer.length) throw new RangeError('longer than any notification');
      for (const messages = new Messages(buffer, size); messages.next();) this.#hear(messages);
    } catch (error) {
      if (!(error instanceof RangeError)) throw error;
      this.#followed.clear();
    }
  }

  #hear(message: Message): void {
    const { type, bytes, start } = message;
    if (type === RTM_NEWNETCONF) {
      const every = readI32(bytes, start - HEADER + NETCONF_INDEX_AT) === NETCONFA_IFINDEX_ALL;
      for (const followed of every ? this.#followed.values() : []) followed.revision = ++this.#last;
      return;
    }
    const followed = this.#followed.get(readI32(bytes, start + 4));
    if (followed === undefined) return;
    if (type === RTM_NEWADDR || type === RTM_DELADDR) followed.revision = ++this.#last;
    else if (type === RTM_NEWLINK || type === RTM_DELLINK) this.#hearOfLink(followed, message);
  }

  #hearOfLink(followed: Followed, message: Message): void {
    const link = decodeLink(message);
    // Bridges tell of their ports in such messages, too.
    if (link === undefined) return;
    if (message.type === RTM_DELLINK || link.name !== followed.name) this.#followed.delete(followed.index);
    else if (differs(followed.link, link)) followed.revision = ++this.#last;
    followed.link = link;
  }
}

/** What others set of a link; carriers come and go by themselves. */
const SETTINGS = ['mac', 'mtu', 'kind', 'up', 'promiscuous', 'master', 'peer', 'alias', 'group', 'hairpin'] as const;

const differs = (before: Link, after: Link): boolean => SETTINGS.some((setting) => before[setting] !== after[setting]);
