import type { ByteRange } from './record.ts';

/** One record as bytes. */
export interface Entry {
  readonly key: Buffer;
  readonly value: Buffer;
}

/** What a transaction reads from and writes to; it sees what it has written. */
export interface Pages {
  get(key: Buffer): Buffer | undefined;
  /** At most `limit` entries of the range, in order or backwards; fewer only at its end. */
  chunk(range: ByteRange, reverse: boolean, limit: number): readonly Entry[];
  put(key: Buffer, value: Buffer): void;
  /** Whether it was there. */
  remove(key: Buffer): boolean;
}
