import type { JsonObject, JsonValue } from '@hawser/core';
import {
  type Claim,
  type Claims,
  type Collection,
  DEFAULT_NAMESPACE,
  type Envelope,
  type Events,
  type Lagged,
  type Metadata,
  type ReadTransaction,
  type Transaction,
} from '@hawser/core/contracts';
import type { HeldClock } from '@hawser/core/testing';
import { EventStream } from './event-stream.ts';

/** The store and the ledger of claims in memory: one transaction at a time, aborted ones leave nothing. */
export interface Ledger {
  readonly claims: Claims;
  readonly metadata: Pick<Metadata, 'read' | 'write'>;
  readonly events: Pick<Events, 'subscribe'>;
  /** How many claims were looked at so far, one by one or in a listing. */
  readonly looks: () => number;
  /** Its attachment has gone: it cools down from now on. */
  release(address: string): void;
  /** Tells every subscriber that it has missed something. */
  lag(): void;
  /** While it is so, nobody hears of anything. */
  setDeaf(deaf: boolean): void;
}

interface Entry extends Claim {
  readonly cooldownMs: number;
  readonly coolUntil?: number;
}

/** Who hears of what, and what a transaction will tell once it is committed. */
class News {
  readonly #streams = new Set<EventStream>();
  pending: (() => void)[] = [];
  deaf = false;

  readonly subscribe: Events['subscribe'] = ({ signal }) => {
    const stream = new EventStream(signal);
    this.#streams.add(stream);
    return stream;
  };

  tell(item: Envelope | Lagged): void {
    if (!this.deaf) for (const stream of this.#streams) stream.push(item);
  }

  publish(verb: string, key: string, facts: JsonObject = {}): void {
    const data = { type: 'address', key, ...facts };
    this.tell({ cursor: '', timestamp: '', namespace: 'default', topic: `/claims/${verb}`, type: `claims.${verb}`, data });
  }
}

/** The addresses and who has them, by one clock. */
class Book {
  readonly #clock: Pick<HeldClock, 'now'>;
  readonly #news: News;
  entries = new Map<string, Entry>();
  looks = 0;

  constructor(clock: Pick<HeldClock, 'now'>, news: News) {
    this.#clock = clock;
    this.#news = news;
  }

  readonly claims: Claims = {
    take: (_tx, { type, key, holder, data, cooldownMs = 0, evenCooling = false }) => {
      const displaced = evenCooling && this.entries.get(key)?.state === 'cooling';
      if (!displaced && !this.#isFree(key)) throw new Error(`${key} is taken`);
      const claim: Entry = { type, key, state: 'held', holder, since: this.#since(), data, cooldownMs };
      this.entries.set(key, claim);
      this.#news.pending.push(() => this.#news.publish('taken', key));
      return claim;
    },
    isFree: (_tx, _type, key) => (this.looks++, this.#isFree(key)),
    get: (_tx, _type, key) => (this.looks++, this.entries.get(key)),
    list: () => [...this.entries.values()],
    page: () => ({ items: [...this.entries.values()] }),
    taken: (_tx, _type, after = '') =>
      [...this.entries.values()]
        .filter(({ key }) => key > after)
        .toSorted((a, b) => (a.key < b.key ? -1 : 1))
        .map(({ key, coolUntil }) => ({ key, ...(coolUntil === undefined ? {} : { until: new Date(coolUntil).toISOString() }) })),
  };

  release(address: string): void {
    const entry = this.entries.get(address);
    if (!entry) throw new Error(`${address} is free`);
    const { holder: _holder, ...rest } = entry;
    const coolUntil = this.#clock.now() + entry.cooldownMs;
    this.entries.set(address, { ...rest, state: 'cooling', since: this.#since(), coolUntil });
    this.#news.publish('cooling', address, { until: new Date(coolUntil).toISOString() });
  }

  #isFree(key: string): boolean {
    const entry = this.entries.get(key);
    return !entry || (entry.coolUntil !== undefined && entry.coolUntil <= this.#clock.now());
  }

  #since(): string {
    return new Date(this.#clock.now()).toISOString();
  }
}

export function memoryLedger(clock: Pick<HeldClock, 'now'>): Ledger {
  const news = new News();
  const book = new Book(clock, news);
  let stored = new Map<string, JsonValue>();
  const name = (collection: Collection, key: string): string => `${collection.store}/${collection.name}/${key}`;
  const tx: Transaction = {
    store: 'state',
    namespace: DEFAULT_NAMESPACE,
    begun: 0,
    in: () => tx,
    get: <V extends JsonValue>(collection: Collection<V>, key: string) => stored.get(name(collection, key)) as V | undefined,
    has: (collection, key) => stored.has(name(collection, key)),
    entries: () => [],
    keys: () => [],
    namespaces: () => [DEFAULT_NAMESPACE],
    collections: () => [],
    whole: {},
    beforeCommit: (effect) => effect(),
    put: (collection, key, value) => void stored.set(name(collection, key), value),
    delete: (collection, key) => stored.delete(name(collection, key)),
    afterCommit: (effect) => void news.pending.push(effect),
    refuseWhenFull: () => {},
    attempt: (part) => part(),
  };
  const write = async <T>(_store: 'root' | 'state', fn: (transaction: Transaction) => T): Promise<T> => {
    await new Promise((resolve) => setImmediate(resolve));
    const before = [new Map(book.entries), new Map(stored)] as const;
    news.pending = [];
    try {
      const value = fn(tx);
      for (const effect of news.pending) effect();
      return value;
    } catch (error) {
      [book.entries, stored] = before;
      throw error;
    }
  };
  return {
    claims: book.claims,
    looks: () => book.looks,
    events: { subscribe: news.subscribe },
    metadata: { read: <T>(_store: 'root' | 'state', fn: (transaction: ReadTransaction) => T) => fn(tx), write },
    release: (address) => book.release(address),
    lag: () => news.tell({ lagged: 1, resumeFrom: '' }),
    setDeaf: (deaf) => void (news.deaf = deaf),
  };
}
