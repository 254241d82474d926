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
    this.#writes.set(nameOf(key), { key, value });
  }

  remove(key: Buffer): boolean {
    const wasThere = this.get(key) !== undefined;
    this.#writes.set(nameOf(key), { key, value: undefined });
    return wasThere;
  }

  /** Writes it all to the pages below, within their transaction. */
  flush(): void {
    for (const { key, value } of this.#writes.values()) {
      if (value === undefined) this.#below.remove(key);
      else this.#below.put(key, value);
    }
  }

  #within({ start, end }: ByteRange): readonly Write[] {
    return Array.from(this.#writes.values()).filter(({ key }) => key.compare(start) >= 0 && key.compare(end) < 0);
  }
}

/** One character per byte. */
const nameOf = (key: Buffer): string => key.toString('latin1');

const isPut = (write: Write): write is Entry => write.value !== undefined;
