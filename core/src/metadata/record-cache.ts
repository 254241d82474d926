import type { JsonValue } from '../json.ts';

/** Of one generation, of which there are two: enough for the records of a full node; some 20 MB where each is there. */
const MAX_RECORDS = 12_000;
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

  get(key: string): JsonValue | undefined {
    const value = this.#young.get(key);
    if (value !== undefined) return value;
    const old = this.#old.get(key);
    if (old !== undefined) this.#add(key, old);
    return old;
  }

  /** Remembers what `text` says. */
  keep(key: string, value: JsonValue, text: string): void {
    if (text.length <= MAX_LENGTH) this.#add(key, frozen(value));
  }

  forget(key: string): void {
    this.#young.delete(key);
    this.#old.delete(key);
  }

  clear(): void {
    this.#young = new Map();
    this.#old = new Map();
  }

  #add(key: string, value: JsonValue): void {
    if (this.#young.size >= MAX_RECORDS) {
      this.#old = this.#young;
      this.#young = new Map();
    }
    this.#young.set(key, value);
  }
}

/** Many share it from now on. */
function frozen(value: JsonValue | undefined): JsonValue {
  if (typeof value !== 'object' || value === null) return value ?? null;
  for (const part of Object.values(value)) frozen(part);
  return Object.freeze(value);
}
