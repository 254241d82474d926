import type { Entry, Pages } from './pages.ts';
import type { ByteRange } from './record.ts';

interface Write {
  readonly key: Buffer;
  /** Undefined: removed. */
  readonly value: Buffer | undefined;
}

/**
 * What one transaction has written, on top of what it found: it reads both as one. Nothing reaches the pages below
 * before `flush`, so that a transaction that throws has nothing to take back, and a record that is written twice costs
 * one write.
 */
export class WriteSet implements Pages {
  readonly #below: Pages;
  readonly #writes = new Map<string, Write>();
  /** The names of writes in order, but for the fresh ones: who never scans needs no order. */
  readonly #order: string[] = [];
  #fresh: string[] = [];

  constructor(below: Pages) {
    this.#below = below;
  }

  get(key: Buffer): Buffer | undefined {
    const write = this.#writes.get(nameOf(key));
    return write === undefined ? this.#below.get(key) : write.value;
  }

  chunk(range: ByteRange, reverse: boolean, limit: number): readonly Entry[] {
    const writes = this.#within(range);
    if (writes.length === 0) return this.#below.chunk(range, reverse, limit);
    // Each write hides at most one of those below.
    const below = this.#below.chunk(range, reverse, limit + writes.length).filter(({ key }) => !this.#writes.has(nameOf(key)));
    const entries = [...below, ...writes.filter(isPut)];
    return entries.sort((one, other) => (reverse ? other.key.compare(one.key) : one.key.compare(other.key))).slice(0, limit);
  }

  put(key: Buffer, value: Buffer): void {
    this.#set({ key, value });
  }

  remove(key: Buffer): boolean {
    const wasThere = this.get(key) !== undefined;
    this.#set({ key, value: undefined });
    return wasThere;
  }

  /** Writes it all to the pages below, within their transaction. */
  flush(): void {
    for (const { key, value } of this.#writes.values()) {
      if (value === undefined) this.#below.remove(key);
      else this.#below.put(key, value);
    }
  }

  #set(write: Write): void {
    const name = nameOf(write.key);
    if (!this.#writes.has(name)) this.#fresh.push(name);
    this.#writes.set(name, write);
  }

  #within({ start, end }: ByteRange): readonly Write[] {
    if (this.#writes.size === 0) return [];
    const order = this.#ordered();
    const names = order.slice(positionOf(order, nameOf(start)), positionOf(order, nameOf(end)));
    return names.map((name) => this.#writes.get(name)).filter((write) => write !== undefined);
  }

  /** A few are put in their places, so that a long transaction which scans and writes by turns stays linear. */
  #ordered(): readonly string[] {
    if (this.#fresh.length > FEW) {
      this.#order.push(...this.#fresh);
      this.#order.sort();
    } else {
      for (const name of this.#fresh) this.#order.splice(positionOf(this.#order, name), 0, name);
    }
    this.#fresh = [];
    return this.#order;
  }
}

const FEW = 16;

/** Of the first name that is not before this one. */
function positionOf(order: readonly string[], name: string): number {
  let low = 0;
  let high = order.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((order[middle] ?? '') < name) low = middle + 1;
    else high = middle;
  }
  return low;
}

/** One character per byte. */
const nameOf = (key: Buffer): string => key.toString('latin1');

const isPut = (write: Write): write is Entry => write.value !== undefined;
