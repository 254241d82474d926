import type { JsonValue } from '../json.ts';
import { collectionsIn } from './collections-in.ts';
import { metadataErrors } from './errors.ts';
import { namespacesIn } from './namespaces-in.ts';
import { collectionPrefix, decodeValue, encodeKey, encodeValue, rangeOf } from './record.ts';
import type { Entry, Pages, WrittenPages } from './pages.ts';
import {
  type Collection,
  DEFAULT_NAMESPACE,
  type KeyRange,
  type ReadTransaction,
  type StoreName,
  type StoreView,
  type Transaction,
  type WriteScope,
} from './store.ts';

/** Entries read at once: a scan holds no cursor, so that its reader may write meanwhile and may end it early. */
const CHUNK = 128;

/** What all views of one transaction share. */
interface Life {
  ended: boolean;
  /** See `ReadTransaction.begun`. */
  begun: number;
}

export class StoreReader implements ReadTransaction {
  readonly store: StoreName;
  readonly namespace: string;
  protected readonly pages: Pages;
  readonly #life: Life;

  constructor(store: StoreName, pages: Pages, namespace: string = DEFAULT_NAMESPACE, life: Life = { ended: false, begun: 0 }) {
    this.store = store;
    this.namespace = namespace;
    this.pages = pages;
    this.#life = life;
  }

  get begun(): number {
    return this.#life.begun;
  }

  in(namespace: string): ReadTransaction {
    return new StoreReader(this.store, this.pages, namespace, this.#life);
  }

  get<V extends JsonValue>(collection: Collection<V>, key: string): V | undefined {
    this.check(collection);
    return this.pages.read(collection, encodeKey(collection, key, this.namespace));
  }

  has(collection: Collection, key: string): boolean {
    this.check(collection);
    return this.pages.get(encodeKey(collection, key, this.namespace)) !== undefined;
  }

  *entries<V extends JsonValue>(collection: Collection<V>, range: KeyRange = {}, damaged?: V): Iterable<readonly [key: string, value: V]> {
    const prefixLength = collectionPrefix(collection, this.namespace).length;
    for (const { key, value } of this.#scan(collection, range))
      yield [
        key.slice(prefixLength),
        damaged === undefined ? decodeValue(collection, key, value) : decodeOr(collection, key, value, damaged),
      ];
  }

  *keys(collection: Collection, range: KeyRange = {}): Iterable<string> {
    const prefixLength = collectionPrefix(collection, this.namespace).length;
    for (const { key } of this.#scan(collection, range)) yield key.slice(prefixLength);
  }

  namespaces(): readonly string[] {
    this.checkAlive();
    return namespacesIn(this.pages);
  }

  collections(): readonly string[] {
    this.checkAlive();
    return collectionsIn(this.pages, this.namespace);
  }

  *#scan(collection: Collection, range: KeyRange): Iterable<Entry> {
    this.check(collection);
    const reverse = range.reverse ?? false;
    let { start, end } = rangeOf(collection, range, this.namespace);
    let left = range.limit ?? Number.POSITIVE_INFINITY;
    while (left > 0) {
      const wanted = Math.min(CHUNK, left);
      const chunk = this.pages.chunk({ start, end }, reverse, wanted);
      for (const entry of chunk) {
        yield entry;
        this.check(collection);
      }
      const last = chunk.at(-1);
      if (last === undefined || chunk.length < wanted) return;
      left -= chunk.length;
      if (reverse) end = last.key;
      else start = `${last.key}\0`;
    }
  }

  protected get ended(): boolean {
    return this.#life.ended;
  }

  /** From now on every use is an error: the view is no longer consistent. */
  end(): void {
    this.#life.ended = true;
  }

  protected check(collection: Collection): void {
    this.checkAlive();
    if (collection.store !== this.store) {
      throw metadataErrors.wrongStore(
        `collection ${collection.name} is in the ${collection.store} store, the transaction in ${this.store}`,
      );
    }
  }

  protected checkAlive(): void {
    if (this.#life.ended)
      throw metadataErrors.transactionEnded('a transaction was used after its callback had returned, or a view after its end');
  }
}

function decodeOr<V extends JsonValue>(collection: Collection<V>, key: string, text: string, damaged: V): V {
  try {
    return decodeValue(collection, key, text);
  } catch (error) {
    if (!metadataErrors.damaged.is(error)) throw error;
    return damaged;
  }
}

/** A view that its reader, its lifetime or the store ends, whichever comes first. */
export class ViewReader extends StoreReader implements StoreView {
  readonly #release: () => void;

  /** `release` lets go of the pages; called once. */
  constructor(store: StoreName, pages: Pages, begun: number, release: () => void) {
    super(store, pages, undefined, { ended: false, begun });
    this.#release = release;
  }

  [Symbol.dispose](): void {
    if (this.ended) return;
    this.end();
    this.#release();
  }
}

const PAGE_BYTES = 4096;
/** Pages that one change may copy: its leaf, the one that the leaf is split or merged with, and a share of the branches above. */
const PAGES_PER_CHANGE = 3;

/** Bytes that a value of so many takes. */
export const spaceFor = (bytes: number): number => bytes + PAGE_BYTES * Number(bytes > PAGE_BYTES / 2);

/** What all views of one write transaction share. */
interface Change extends Life {
  readonly finals: (() => void)[];
  readonly effects: (() => void)[];
  readonly hasSpace: () => boolean;
  readonly isThere: (namespace: string) => boolean;
  changes: number;
  bytes: number;
}

export interface WriterOptions extends WriteScope {
  /** Tells whether new things may be taken. */
  readonly hasSpace?: () => boolean;
  /** Tells whether there is a namespace; every one is there unless told. */
  readonly isThere?: (namespace: string) => boolean;
}

export class StoreWriter extends StoreReader implements Transaction {
  readonly lease?: string;
  declare protected readonly pages: WrittenPages;
  readonly #change: Change;
  /** That its namespace is there has been seen; the default one always is, so that the way of an ADD costs no look. */
  #admitted: boolean;

  constructor(store: StoreName, pages: WrittenPages, options: WriterOptions = {}, shared?: Change) {
    const { namespace, lease, hasSpace = () => true, isThere = () => true } = options;
    const change = shared ?? { ended: false, begun: 0, finals: [], effects: [], hasSpace, isThere, changes: 0, bytes: 0 };
    super(store, pages, namespace, change);
    if (lease !== undefined) this.lease = lease;
    this.#change = change;
    this.#admitted = this.namespace === DEFAULT_NAMESPACE;
  }

  override in(namespace: string): Transaction {
    return new StoreWriter(this.store, this.pages, { namespace }, this.#change);
  }

  /** Its turn has come. */
  begin(begun: number): void {
    this.#change.begun = begun;
  }

  get whole(): object {
    return this.#change;
  }

  get effects(): readonly (() => void)[] {
    return this.#change.effects;
  }

  /** Bytes that its commit may write: copies of pages that are there, and what is new. */
  get mayWrite(): { readonly copies: number; readonly added: number } {
    return { copies: this.#change.changes * PAGES_PER_CHANGE * PAGE_BYTES, added: 2 * this.#change.bytes };
  }

  put<V extends JsonValue>(collection: Collection<V>, key: string, value: V): void {
    this.check(collection);
    const place = encodeKey(collection, key, this.namespace);
    const { text, bytes } = encodeValue(collection, place, value);
    if (!this.#admitted) this.#admit();
    this.pages.put(place, text);
    this.#change.changes++;
    this.#change.bytes += spaceFor(bytes);
  }

  delete(collection: Collection, key: string): boolean {
    this.check(collection);
    this.#change.changes++;
    return this.pages.remove(encodeKey(collection, key, this.namespace));
  }

  attempt<T>(part: () => T): T {
    this.checkAlive();
    return this.pages.attempt(part);
  }

  beforeCommit(effect: () => void): void {
    this.checkAlive();
    this.#change.finals.push(effect);
  }

  /** The callback has returned: runs what was put off until then, also what that puts off itself. */
  settle(): void {
    for (const final of this.#change.finals) final();
  }

  afterCommit(effect: () => void): void {
    this.checkAlive();
    this.#change.effects.push(effect);
  }

  refuseWhenFull(): void {
    this.checkAlive();
    if (!this.#change.hasSpace()) throw metadataErrors.diskFull(`the disk of the ${this.store} store is full: nothing new is taken`);
  }

  /** See namespace-records.ts. */
  #admit(): void {
    const { namespace } = this;
    if (!this.#change.isThere(namespace))
      throw metadataErrors.unknownNamespace(`there is no namespace ${namespace}`, { details: { namespace } });
    this.#admitted = true;
  }
}
