import type { Context } from '@hawser/core';
import type { NamespaceId } from '@hawser/core/network';
import type { Exchanges } from './exchanges.ts';
import type { Libc } from './libc.ts';
import { LinkIndex } from './link-index.ts';
import { LinkRevisions } from './link-revisions.ts';
import type { Request } from './netlink/message.ts';
import { NETLINK_ROUTE, NetlinkSocket, openNetlink, type Outcome } from './netlink/socket.ts';
import type { Netns } from './netns.ts';
import { Masquerading } from './nft/masquerading.ts';
import { getLink } from './read-links.ts';
import { Retirement } from './retirement.ts';
import type { LinuxSettings } from './settings.ts';

/** More are closed after use: 50 pods that come at once would else leave 50 open. */
const KEPT_SOCKETS = 8;

/** What everything in this package works with. */
export interface Kernel {
  readonly libc: Libc;
  readonly context: Context;
  readonly settings: LinuxSettings;
  readonly exchanges: Exchanges;
  /** Path of nft; the bare name where it is missing, so that using it fails with the reason. */
  readonly nft: string;
}

/**
 * A network namespace with what is open in it, shared by all handles of it: sockets, one queue of retired links, one
 * view of our nftables table. It closes when the last handle and the last background work have released it.
 */
export class OpenNetns {
  readonly netns: Netns;
  readonly links: LinkIndex;
  readonly revisions: LinkRevisions;
  readonly #kernel: Kernel;
  readonly #onClosed: () => void;
  readonly #openSocket: () => NetlinkSocket;
  /** Those that nobody has been lent; the last one serves what is answered at once. */
  readonly #sockets: NetlinkSocket[] = [];
  #retirement: Retirement | undefined;
  #masquerading: Masquerading | undefined;
  #holders = 1;

  /** The caller is the first holder. */
  constructor(kernel: Kernel, netns: Netns, onClosed: () => void) {
    const { libc, settings } = kernel;
    const options = { protocol: NETLINK_ROUTE, receiveTimeoutMs: settings.receiveTimeoutMs };
    this.#kernel = kernel;
    this.#onClosed = onClosed;
    this.#openSocket = () => new NetlinkSocket(libc, () => netns.run(() => openNetlink(libc, options)));
    this.netns = netns;
    this.links = new LinkIndex(libc, () => this.socket.fd);
    this.revisions = new LinkRevisions(libc, netns, (name) => getLink(this, name));
  }

  /** For what is asked and answered in one turn of the event loop, and not to be kept beyond it: it may be lent in the next. */
  get socket(): NetlinkSocket {
    const socket = this.#sockets.at(-1);
    if (socket !== undefined) return socket;
    const opened = this.#openSocket();
    this.#sockets.push(opened);
    return opened;
  }

  /** Runs `work` with a socket that nobody else uses until it has ended. */
  async withSocket<T>(work: (socket: NetlinkSocket) => Promise<T>): Promise<T> {
    const release = this.retain();
    const socket = this.#sockets.pop() ?? this.#openSocket();
    try {
      return await work(socket);
    } finally {
      if (this.#sockets.length < KEPT_SOCKETS) this.#sockets.push(socket);
      else socket[Symbol.dispose]();
      release();
    }
  }

  /** Carries out requests in order, all of them whatever becomes of each, on a worker where that is worth its way. */
  exchange(requests: readonly Request[]): Promise<readonly Outcome[]> {
    return this.#kernel.exchanges.run(this, requests);
  }

  /** Pods' namespaces come and go without either of these two. */
  get retirement(): Retirement {
    const { context, settings } = this.#kernel;
    this.#retirement ??= new Retirement({
      clock: context.clock,
      random: context.random,
      group: settings.retireGroup,
      gatherMs: settings.gatherMs,
      space: this,
      links: this.links,
      retain: () => this.retain(),
    });
    return this.#retirement;
  }

  get masquerading(): Masquerading {
    const { libc, context, settings, nft } = this.#kernel;
    this.#masquerading ??= new Masquerading({
      libc,
      clock: context.clock,
      netns: this.netns,
      executable: nft,
      timeoutMs: settings.nftTimeoutMs,
      table: settings.nftTable,
      receiveTimeoutMs: settings.receiveTimeoutMs,
      retain: () => this.retain(),
    });
    return this.#masquerading;
  }

  /** Puts back what others have taken away of our table, where it is in use; whether they have. */
  async restoreMasquerades(): Promise<boolean> {
    return (await this.#masquerading?.restore()) ?? false;
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    await Promise.all([this.#retirement?.idle(), this.#masquerading?.idle()]);
  }

  get id(): NamespaceId {
    return this.netns.id;
  }

  /** Keeps it open until the returned function is called. */
  retain(): () => void {
    this.#holders++;
    let held = true;
    return () => {
      if (held) this.release();
      held = false;
    };
  }

  release(): void {
    if (--this.#holders > 0) return;
    this.#onClosed();
    for (const socket of this.#sockets) socket[Symbol.dispose]();
    this.revisions[Symbol.dispose]();
    this.#masquerading?.[Symbol.dispose]();
    this.netns[Symbol.dispose]();
  }
}
