import type { JsonValue } from '../json.ts';

/**
 * What the records of one generation, of which there are two, may take, about: a hundred thousand snapshots, which took 31 MB where
 * they were all read. The few thousand of a full node take 2 MB.
 */
const MAX_BYTES = 32 * 1024 * 1024;
/** Of a record beside its key and its text. */
const OVERHEAD_BYTES = 64;
/** Longer values are rare, and read rarely. */
const MAX_LENGTH = 2_048;

/**
 * Values that were read lately, decoded and frozen, by key. It is for the one who writes: what is written is forgotten before
 * anybody can ask for it, and all of it when a transaction aborts, for whoever read within may have brought in what never was.
 *
 * What was not asked for while a generation filled goes with the one before it, so that nothing is looked for to make room.
 */
export class RecordCache {
  #young = new Map<string, JsonValue>();
  #old = new Map<string, JsonValue>();
  /** What has come into the young generation, though it may have been forgotten since. */
  #bytes = 0;
  /** Of a record of the old one, for their own are not kept. */
  #meanBytes = 0;

  get(key: string): JsonValue | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const old = this.#old.get(key);
    if (old !== undefined) this.#add(key, old, this.#meanBytes);
    return old;
  }

  /** Remembers what `text` says. */
  keep(key: string, value: JsonValue, text: string): void {
    if (text.length <= MAX_LENGTH) this.#add(key, frozen(value), key.length + text.length + OVERHEAD_BYTES);
  }

  forget(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
    this.#bytes = 0;
  }

  #add(key: string, value: JsonValue, bytes: number): void {
    if (this.#bytes + bytes > MAX_BYTES) {
      this.#meanBytes = this.#bytes / Math.max(this.#young.size, 1);
      this.#old = this.#young;
      this.#young = new Map();
      this.#bytes = 0;
    }
    this.#bytes += bytes;
    this.#young.set(key, value);
  }
}

/** Many share it from now on. */
function frozen(value: JsonValue | undefined): JsonValue {
  if (typeof value !== 'object' || value === null) return value ?? null;
  for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}
