import type { JsonValue } from '../json.ts';
import { compareKeys, pastPrefix } from './key-order.ts';
import { OrderedKeys } from './ordered-keys.ts';
import type { Entry, Pages, Range, WrittenPages } from './pages.ts';
import { readPlainly, tableOf } from './record.ts';
import type { Collection } from './store.ts';

/** What is known of one collection in one namespace. */
interface Table {
  readonly prefix: string;
  /** Behind its last key. */
  readonly end: string;
  /** Keys of writes. */
  readonly written: OrderedKeys;
  /** Where the last look below that found nothing was. */
  empty: Range | undefined;
}

/**
 * What one transaction has written, on top of what it found: it reads both as one. Nothing reaches the pages below
 * before `flush`, so that a transaction that throws has nothing to take back, and a record that is written twice costs
 * one write.
 */
export class WriteSet implements WrittenPages {
  readonly #below: Pages;
  /** Undefined: removed. */
  readonly #writes = new Map<string, string | undefined>();
  readonly #tables = new Map<string, Table>();
  /** What the writes of the part that is tried have taken the place of: see `attempt`. */
  #former: Map<string, string | typeof BELOW | undefined> | undefined;

  /** `below` stays as it is until `flush`. */
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
    const table = this.#table(range.start);
    const isWide = table.prefix === '' || (!range.end.startsWith(table.prefix) && range.end !== table.end);
    const written = isWide ? Array.from(this.#tables.values(), (one) => one.written.within(range)).flat() : table.written.within(range);
    if (written.length === 0) return isWide ? this.#below.chunk(range, reverse, limit) : this.#chunkBelow(table, range, reverse, limit);
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

  attempt<T>(part: () => T): T {
    const outer = this.#former;
    const former = new Map<string, string | typeof BELOW | undefined>();
    this.#former = former;
    try {
      const result = part();
      for (const [key, value] of former) if (outer?.has(key) === false) outer.set(key, value);
      return result;
    } catch (error) {
      for (const [key, value] of former) this.#writes.set(key, value === BELOW ? this.#below.get(key) : value);
      throw error;
    } finally {
      this.#former = outer;
    }
  }

  /** Writes it all to the pages below, within their transaction. */
  flush(): void {
    for (const [key, value] of this.#writes) {
      if (value === undefined) this.#below.remove(key);
      else this.#below.put(key, value);
    }
  }

  #set(key: string, value: string | undefined): void {
    const isNew = !this.#writes.has(key);
    if (isNew) this.#table(key).written.add(key);
    if (this.#former?.has(key) === false) this.#former.set(key, isNew ? BELOW : this.#writes.get(key));
    this.#writes.set(key, value);
  }

  #table(key: string): Table {
    const prefix = tableOf(key);
    const known = this.#tables.get(prefix);
    if (known !== undefined) return known;
    const table: Table = { prefix, end: pastPrefix(prefix), written: new OrderedKeys(), empty: undefined };
    this.#tables.set(prefix, table);
    return table;
  }

  /**
   * Whoever decides about many things in order of their keys looks for something that is rarely there. So the second look in a row
   * that finds nothing goes on to the next key, and all that lies before it is known to be empty.
   */
  #chunkBelow(table: Table, range: Range, reverse: boolean, limit: number): readonly Entry[] {
    const { empty } = table;
    if (empty !== undefined && compareKeys(empty.start, range.start) <= 0 && compareKeys(range.end, empty.end) <= 0) return NONE;
    const found = this.#below.chunk(range, reverse, limit);
    if (found.length === 0) table.empty = empty === undefined ? range : { start: range.start, end: this.#nextKey(range.end, table.end) };
    return found;
  }

  #nextKey(start: string, end: string): string {
    return this.#below.chunk({ start, end }, false, 1)[0]?.key ?? end;
  }
}

const NONE: readonly Entry[] = [];

/** Nothing was written there before: the pages below tell what was. */
const BELOW = Symbol('below');
