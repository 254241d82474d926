import { setImmediate as turn } from 'node:timers/promises';
import type { JsonObject, JsonValue } from '@hawser/core';
import type { Claim, Claims, Collection, Envelope, Events, Lagged, Metadata, ReadTransaction, Transaction } from '@hawser/core/contracts';
import type { HeldClock } from '@hawser/core/testing';

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
  /** While set, nobody hears of anything. */
  deaf: boolean;
}

interface Entry extends Claim {
  readonly cooldownMs: number;
  readonly coolUntil?: number;
}

export function memoryLedger(clock: Pick<HeldClock, 'now'>): Ledger {
  let entries = new Map<string, Entry>();
  let stored = new Map<string, JsonValue>();
  let looks = 0;
  let effects: (() => void)[] = [];
  const streams = new Set<Stream>();
  const tell = (item: Envelope | Lagged): void => {
    if (!ledger.deaf) for (const stream of streams) stream.push(item);
  };
  const publish = (verb: string, key: string, facts: JsonObject = {}): void =>
    tell({ cursor: '', timestamp: since(), namespace: 'default', topic: `/claims/${verb}`, type: `claims.${verb}`, data: { type: 'address', key, ...facts } });
  const name = (collection: Collection, key: string): string => `${collection.store}/${collection.name}/${key}`;
  const tx: Transaction = {
    store: 'state',
    get: <V extends JsonValue>(collection: Collection<V>, key: string) => stored.get(name(collection, key)) as V | undefined,
    has: (collection, key) => stored.has(name(collection, key)),
    entries: () => [],
    put: (collection, key, value) => void stored.set(name(collection, key), value),
    delete: (collection, key) => stored.delete(name(collection, key)),
    afterCommit: (effect) => void effects.push(effect),
    refuseWhenFull: () => {},
  };
  const isFree = (key: string): boolean => {
    const entry = entries.get(key);
    return !entry || (entry.coolUntil !== undefined && entry.coolUntil <= clock.now());
  };
  const since = (): string => new Date(clock.now()).toISOString();
  const claims: Claims = {
    take(_tx, { type, key, holder, data, cooldownMs = 0 }) {
      if (!isFree(key)) throw new Error(`${key} is taken`);
      const claim: Entry = { type, key, state: 'held', holder, since: since(), data, cooldownMs };
      entries.set(key, claim);
      effects.push(() => publish('taken', key));
      return claim;
    },
    isFree: (_tx, _type, key) => (looks++, isFree(key)),
    get: (_tx, _type, key) => (looks++, entries.get(key)),
    *taken(_tx, _type, after = '') {
      for (const key of [...entries.keys()].toSorted()) {
        const until = entries.get(key)?.coolUntil;
        if (key > after) yield { key, ...(until === undefined ? {} : { until: new Date(until).toISOString() }) };
      }
    },
    *list() {
      for (const key of [...entries.keys()].toSorted()) {
        looks++;
        const entry = entries.get(key);
        if (entry) yield entry;
      }
    },
  };
  const ledger: Ledger = {
    claims,
    deaf: false,
    looks: () => looks,
    events: {
      subscribe: ({ signal }) => {
        const stream = new Stream(signal);
        streams.add(stream);
        return stream;
      },
    },
    metadata: {
      read: <T>(_store: 'root' | 'state', fn: (tx: ReadTransaction) => T) => fn(tx),
      write: async <T>(_store: 'root' | 'state', fn: (tx: Transaction) => T) => {
        await turn();
        const before = [new Map(entries), new Map(stored)] as const;
        try {
          effects = [];
          const value = fn(tx);
          for (const effect of effects) effect();
          return value;
        } catch (error) {
          [entries, stored] = before;
          throw error;
        }
      },
    },
    release(address) {
      const entry = entries.get(address);
      if (!entry) throw new Error(`${address} is free`);
      const { holder: _holder, ...rest } = entry;
      const coolUntil = clock.now() + entry.cooldownMs;
      entries.set(address, { ...rest, state: 'cooling', since: since(), coolUntil });
      publish('cooling', address, { until: new Date(coolUntil).toISOString() });
    },
    lag: () => tell({ lagged: 1, resumeFrom: '' }),
  };
  return ledger;
}

class Stream implements AsyncIterableIterator<Envelope | Lagged> {
  readonly #items: (Envelope | Lagged)[] = [];
  #wake = Promise.withResolvers<void>();
  #ended = false;

  constructor(signal: AbortSignal) {
    signal.addEventListener('abort', () => void this.return());
  }

  push(item: Envelope | Lagged): void {
    this.#items.push(item);
    this.#wake.resolve();
  }

  async next(): Promise<IteratorResult<Envelope | Lagged>> {
    while (this.#items.length === 0 && !this.#ended) await this.#wake.promise.finally(() => (this.#wake = Promise.withResolvers()));
    const value = this.#items.shift();
    return value === undefined ? { value, done: true } : { value, done: false };
  }

  async return(): Promise<IteratorResult<Envelope | Lagged>> {
    this.#ended = true;
    this.#wake.resolve();
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
