import type { Request } from './netlink/message.ts';
import type { NetlinkSocket, Outcome } from './netlink/socket.ts';

/** koffi refuses more than 64 calls on workers; deletions and nftables need theirs. */
const MAX_ON_WORKERS = 32;

/** What can be asked at once, and with a socket that nobody else uses meanwhile. */
export interface Asked {
  readonly socket: NetlinkSocket;
  withSocket<T>(work: (socket: NetlinkSocket) => Promise<T>): Promise<T>;
}

/**
 * Decides who waits for the kernel while it makes and configures links, some tenths of a millisecond each: the event loop
 * where one request is all there is, because the way to a worker and back takes longer than is won; worker threads where
 * there are several, so that what else the calls of many pods need goes on meanwhile.
 */
export class Exchanges {
  #waiting = 0;
  #onWorkers = 0;

  /** Carries out requests in order, all of them whatever becomes of each. */
  async run(space: Asked, requests: readonly Request[]): Promise<readonly Outcome[]> {
    this.#waiting++;
    try {
      await othersAsked();
      return this.#waiting === 1 || this.#onWorkers >= MAX_ON_WORKERS
        ? space.socket.exchange(requests)
        : await this.#onWorker(space, requests);
    } finally {
      this.#waiting--;
    }
  }

  async #onWorker(space: Asked, requests: readonly Request[]): Promise<readonly Outcome[]> {
    this.#onWorkers++;
    try {
      return await space.withSocket((socket) => socket.exchangeOnWorker(requests));
    } finally {
      this.#onWorkers--;
    }
  }
}

/** Whoever was let go by the same commit of the store has asked by then: ticks come after the promises of a turn. */
const othersAsked = (): Promise<void> => new Promise((resolve) => process.nextTick(resolve));
