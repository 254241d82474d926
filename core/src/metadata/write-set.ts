import type { JsonValue } from '../json.ts';
import { compareKeys } from './key-order.ts';
import type { Entry, Pages } from './pages.ts';
import { type Range, readPlainly } from './record.ts';
import type { Collection } from './store.ts';

/**
 * What one transaction has written, on top of what it found: it reads both as one. Nothing reaches the pages below
 * before `flush`, so that a transaction that throws has nothing to take back, and a record that is written twice costs
 * one write.
 */
export class WriteSet implements Pages {
  readonly #below: Pages;
  /** Undefined: removed. */
  readonly #writes = new Map<string, string | undefined>();
  /** The keys of writes in order, but for the fresh ones: who never scans needs no order. */
  readonly #order: string[] = [];
  #fresh: string[] = [];

  constructor(below: Pages) {
    this.#below = below;
  }

  get(key: string): string | undefined {
    const value = this.#writes.get(key);
    return value !== undefined || this.#writes.has(key) ? value : this.#below.get(key);
  }

  read<V extends JsonValue>(collection: Collection<V>, key: string): V | undefined {
    return this.#writes.has(key) ? readPlainly(this, collection, key) : this.#below.read(collection, key);
  }

  chunk(range: Range, reverse: boolean, limit: number): readonly Entry[] {
    const written = this.#within(range);
    if (written.length === 0) return this.#below.chunk(range, reverse, limit);
    // Each write hides at most one of those below.
    const entries = this.#below.chunk(range, reverse, limit + written.length).filter(({ key }) => !this.#writes.has(key));
    for (const key of written) {
      const value = this.#writes.get(key);
      if (value !== undefined) entries.push({ key, value });
    }
    return entries.sort((one, other) => (reverse ? compareKeys(other.key, one.key) : compareKeys(one.key, other.key))).slice(0, limit);
  }

  put(key: string, value: string): void {
    this.#set(key, value);
  }

  remove(key: string): boolean {
    const wasThere = this.get(key) !== undefined;
    this.#set(key, undefined);
    return wasThere;
  }

  /** Writes it all to the pages below, within their transaction. */
  flush(): void {
    for (const [key, value] of this.#writes) {
      if (value === undefined) this.#below.remove(key);
      else this.#below.put(key, value);
    }
  }

  #set(key: string, value: string | undefined): void {
    if (!this.#writes.has(key)) this.#fresh.push(key);
    this.#writes.set(key, value);
  }

  #within({ start, end }: Range): readonly string[] {
    if (this.#writes.size === 0) return [];
    const order = this.#ordered();
    return order.slice(positionOf(order, start), positionOf(order, end));
  }

  /** A few are put in their places, so that a long transaction which scans and writes by turns stays linear. */
  #ordered(): readonly string[] {
    if (this.#fresh.length > FEW) {
      this.#order.push(...this.#fresh);
      this.#order.sort(compareKeys);
    } else {
      for (const key of this.#fresh) this.#order.splice(positionOf(this.#order, key), 0, key);
    }
    this.#fresh = [];
    return this.#order;
  }
}

const FEW = 16;

/** Of the first key that is not before this one. */
function positionOf(order: readonly string[], key: string): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (compareKeys(order[middle] ?? '', key) < 0) low = middle + 1;
    else high = middle;
  }
  return low;
}
