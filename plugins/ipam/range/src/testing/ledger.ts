import type { JsonValue } from '@hawser/core';
import type { Claim, Claims, Collection, Metadata, ReadTransaction, Transaction } from '@hawser/core/contracts';
import type { HeldClock } from '@hawser/core/testing';

/** The store and the ledger of claims in memory: one transaction at a time, aborted ones leave nothing. */
export interface Ledger {
  readonly claims: Claims;
  readonly metadata: Pick<Metadata, 'read' | 'write'>;
  /** How many claims were looked at so far, one by one or in a listing. */
  readonly looks: () => number;
  /** Its attachment has gone: it cools down from now on. */
  release(address: string): void;
}

interface Entry extends Claim {
  readonly cooldownMs: number;
  readonly coolUntil?: number;
}

export function memoryLedger(clock: Pick<HeldClock, 'now'>): Ledger {
  let entries = new Map<string, Entry>();
  let stored = new Map<string, JsonValue>();
  let looks = 0;
  const name = (collection: Collection, key: string): string => `${collection.store}/${collection.name}/${key}`;
  const tx: Transaction = {
    store: 'state',
    get: <V extends JsonValue>(collection: Collection<V>, key: string) => stored.get(name(collection, key)) as V | undefined,
    has: (collection, key) => stored.has(name(collection, key)),
    entries: () => [],
    put: (collection, key, value) => void stored.set(name(collection, key), value),
    delete: (collection, key) => stored.delete(name(collection, key)),
    afterCommit: () => {},
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
      return claim;
    },
    isFree: (_tx, _type, key) => (looks++, isFree(key)),
    get: (_tx, _type, key) => (looks++, entries.get(key)),
    *list() {
      for (const key of [...entries.keys()].toSorted()) {
        looks++;
        const entry = entries.get(key);
        if (entry) yield entry;
      }
    },
  };
  return {
    claims,
    looks: () => looks,
    metadata: {
      read: <T>(_store: 'root' | 'state', fn: (tx: ReadTransaction) => T) => fn(tx),
      write: async <T>(_store: 'root' | 'state', fn: (tx: Transaction) => T) => {
        const before = [new Map(entries), new Map(stored)] as const;
        try {
          return fn(tx);
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
      entries.set(address, { ...rest, state: 'cooling', since: since(), coolUntil: clock.now() + entry.cooldownMs });
    },
  };
}
