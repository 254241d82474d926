import type { Clock } from '@hawser/core';
import type { Claims, Envelope, Events, Lagged, Metadata } from '@hawser/core/contracts';
import { type Ip, parseIp } from '@hawser/core/network';
import type { Pool } from './pool.ts';

export interface FollowerOptions {
  readonly pools: readonly Pool[];
  readonly claims: Pick<Claims, 'taken'>;
  readonly metadata: Pick<Metadata, 'read'>;
  readonly events: Pick<Events, 'subscribe'>;
  readonly clock: Pick<Clock, 'monotonic'>;
}

/** Claims read in one turn of the event loop at most, and milliseconds after which a turn ends before that. */
const SLICE = 128;
const SLICE_MS = 1;
/** Events that may wait until the pools hear of them: more than one commit can bring. */
const QUEUE = 65_536;

/**
 * Keeps the pools' indexes in step with the ledger: reads it once in slices that leave the event loop free, and hears
 * the ledger's events from before the first slice on. Events come in the order of the commits, so that whatever a
 * slice has seen before them, the last one on an address leaves it as the ledger has it.
 */
export class LedgerFollower {
  readonly #options: FollowerOptions;
  readonly #ready = Promise.withResolvers<void>();
  #pools: readonly Pool[];
  /** Who waits for a reading that begins after they have asked. */
  readonly #waiting: (() => void)[] = [];
  #reading = false;
  #wanted = false;
  #start = (): void => {};

  constructor(options: FollowerOptions) {
    this.#options = options;
    this.#pools = options.pools;
  }

  /** Resolves when the ledger has been read once. */
  get ready(): Promise<void> {
    return this.#ready.promise;
  }

  /** Follows the ledger until the signal aborts. After a failure it may be called again, and reads it anew. */
  async follow(signal: AbortSignal): Promise<void> {
    const failed = Promise.withResolvers<never>();
    const heard = this.#options.events.subscribe({ signal, topics: ['/claims'], queue: QUEUE });
    this.#start = () => void this.#readAll(signal).catch(failed.reject);
    this.reread();
    try {
      await Promise.race([this.#hearAll(heard), failed.promise]);
    } finally {
      await heard.return?.();
    }
  }

  /** Keeps these pools in step from now on; resolves once the ledger has been read for them. */
  follows(pools: readonly Pool[]): Promise<void> {
    this.#pools = pools;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push(resolve);
    this.reread();
    return promise;
  }

  /** Leaves all pools alone but these, which are in step already. */
  narrow(pools: readonly Pool[]): void {
    this.#pools = pools;
  }

  /** Makes the indexes anew. While that is under way, it is done once more afterwards. */
  reread(): void {
    this.#wanted = true;
    if (!this.#reading) this.#start();
  }

  async #hearAll(heard: AsyncIterable<Envelope | Lagged>): Promise<void> {
    for await (const item of heard) if ('lagged' in item || !this.#hear(item)) this.reread();
  }

  async #readAll(signal: AbortSignal): Promise<void> {
    this.#reading = true;
    try {
      while (this.#wanted && !signal.aborted) await this.#readOnce(signal);
    } finally {
      this.#reading = false;
    }
  }

  async #readOnce(signal: AbortSignal): Promise<void> {
    const pools = this.#pools;
    const waiting = this.#waiting.length;
    this.#wanted = false;
    for (const pool of pools) pool.draft();
    for (let after = this.#readSlice(undefined); after !== undefined; after = this.#readSlice(after)) {
      await new Promise((resolve) => setImmediate(resolve));
      if (signal.aborted) return;
    }
    for (const pool of pools) pool.adopt();
    this.#ready.resolve();
    for (const resolve of this.#waiting.splice(0, waiting)) resolve();
  }

  /** The last key that was read; undefined at the end. */
  #readSlice(after: string | undefined): string | undefined {
    const { claims, metadata, clock } = this.#options;
    const end = clock.monotonic() + SLICE_MS;
    return metadata.read('state', (tx) => {
      let count = 0;
      for (const { key, until } of claims.taken(tx, 'address', after)) {
        this.#note(key, until === undefined ? 'held' : { until: Date.parse(until) });
        if (++count === SLICE || clock.monotonic() >= end) return key;
      }
      return undefined;
    });
  }

  /** Whether the event says what it should. */
  #hear({ topic, data: { type, key, until } }: Envelope): boolean {
    if (typeof key !== 'string') return false;
    if (type !== 'address') return true;
    if (topic === '/claims/taken') this.#note(key, 'held');
    else if (topic === '/claims/freed') this.#note(key, 'free');
    else if (topic === '/claims/cooling') this.#note(key, { until: typeof until === 'string' ? Date.parse(until) : 0 });
    return true;
  }

  #note(key: string, state: Parameters<Pool['note']>[1]): void {
    const ip: Ip | undefined = parseIp(key);
    if (ip) for (const pool of this.#pools) pool.note(ip, state);
  }
}
