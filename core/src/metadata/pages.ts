import type { JsonValue } from '../json.ts';
import type { Collection } from './store.ts';

/** One record as it is stored. */
export interface Entry {
  readonly key: string;
  readonly value: string;
}

/** A scan's bounds: from `start` on, up to but without `end`. */
export interface Range {
  readonly start: string;
  readonly end: string;
}

/** What a transaction reads from and writes to; it sees what it has written. */
export interface Pages {
  get(key: string): string | undefined;
  /** The record under a key that `encodeKey` has made of the collection's; not to be changed, for others may be given the same. */
  read<V extends JsonValue>(collection: Collection<V>, key: string): V | undefined;
  /** At most `limit` entries of the range, in order or backwards; fewer only at its end. */
  chunk(range: Range, reverse: boolean, limit: number): readonly Entry[];
  put(key: string, value: string): void;
  /** Whether it was there. */
  remove(key: string): boolean;
}

/** Those of a write transaction. */
export interface WrittenPages extends Pages {
  /** Runs a part of the transaction. What it has written is taken back where it throws. */
  attempt<T>(part: () => T): T;
}
