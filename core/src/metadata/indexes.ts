/**
 * Secondary indexes. An index of a collection holds one entry for each term of each record, in the order of the records'
 * keys:
 *
 * ```
 * <collection>.by_<name>/<digest of the term> NUL <key of the record> → {}
 * ```
 *
 * Terms can be longer than a key may be, so a digest stands for them. Two terms with one digest are not told apart: what
 * an index gives are candidates, of which each is asked. Who writes the collection calls `updateIndex` beside it, in the
 * same transaction; `checkIndex` finds where that was forgotten.
 */
import { hash } from 'node:crypto';
import type { JsonValue } from '../json.ts';
import { type Collection, defineCollection, type ReadTransaction, type StoreName, type Transaction } from './store.ts';

type Empty = Readonly<Record<string, never>>;

/** Made by `defineIndex`. */
export interface Index<V extends JsonValue = JsonValue> {
  readonly collection: Collection<V>;
  readonly entries: Collection<Empty>;
  /** What a record can be found by; mostly nothing. Depends on the value alone. */
  termsOf(value: V): readonly string[];
}

/** What `db check` and migrations see of an index. */
export interface RegisteredIndex {
  readonly store: StoreName;
  /** Of the collection that holds its entries. */
  readonly name: string;
  /** Compares it with the records of a namespace. */
  check(tx: ReadTransaction): IndexFindings;
  /** Makes it anew from the records of a namespace. */
  rebuild(tx: Transaction): void;
}

/** Entries as `digest NUL key`. Both are empty where the index agrees with the records. */
export interface IndexFindings {
  readonly missing: readonly string[];
  readonly stale: readonly string[];
}

const registry = new Map<string, RegisteredIndex>();

/** All indexes of a store. */
export const indexesOf = (store: StoreName): readonly RegisteredIndex[] =>
  Array.from(registry.values()).filter((index) => index.store === store);

/** Declares an index and registers it; names are unique per collection, `[a-z][a-z0-9_]*`. */
export function defineIndex<V extends JsonValue>(
  collection: Collection<V>,
  name: string,
  termsOf: (value: V) => readonly string[],
): Index<V> {
  const { store } = collection;
  const entries: Collection<Empty> = Object.freeze({ ...defineCollection<Empty>(store, `${collection.name}.by_${name}`), derived: true });
  const index: Index<V> = { collection, entries, termsOf };
  const key = `${store}/${entries.name}`;
  if (registry.has(key)) throw new TypeError(`there is an index ${key} already`);
  registry.set(key, { store, name: entries.name, check: (tx) => checkIndex(tx, index), rebuild: (tx) => rebuildIndex(tx, index) });
  return index;
}

/** Keeps an index beside a record that changes: `undefined` stands for one that is not there before, or after. */
export function updateIndex<V extends JsonValue>(
  tx: Transaction,
  index: Index<V>,
  key: string,
  before: V | undefined,
  after: V | undefined,
): void {
  const former = before === undefined ? NONE : index.termsOf(before);
  const terms = after === undefined ? NONE : index.termsOf(after);
  for (const term of former) if (!terms.includes(term)) tx.delete(index.entries, entryOf(term, key));
  for (const term of terms) if (!former.includes(term)) tx.put(index.entries, entryOf(term, key), {});
}

/** Keys of the records that may have a term, in order, from behind `after` on. */
export function* keysByTerm(tx: ReadTransaction, index: Index<never> | Index, term: string, after?: string): Iterable<string> {
  const prefix = entryOf(term, '');
  const range = after === undefined ? { prefix } : { start: `${prefix}${after}\0`, end: `${prefix.slice(0, -1)}\u0001` };
  for (const entry of tx.keys(index.entries, range)) yield entry.slice(prefix.length);
}

const NONE: readonly string[] = [];
/** 128 bits. */
const DIGEST_LENGTH = 22;

const entryOf = (term: string, key: string): string => `${hash('sha256', term, 'base64url').slice(0, DIGEST_LENGTH)}\0${key}`;

function expectedEntries<V extends JsonValue>(tx: ReadTransaction, { collection, termsOf }: Index<V>): Set<string> {
  const expected = new Set<string>();
  for (const [key, value] of tx.entries(collection)) for (const term of termsOf(value)) expected.add(entryOf(term, key));
  return expected;
}

/** Compares an index with the records of the transaction's namespace. */
export function checkIndex<V extends JsonValue>(tx: ReadTransaction, index: Index<V>): IndexFindings {
  const missing = expectedEntries(tx, index);
  const stale: string[] = [];
  for (const entry of tx.keys(index.entries)) if (!missing.delete(entry)) stale.push(entry);
  return { missing: [...missing], stale };
}

function rebuildIndex<V extends JsonValue>(tx: Transaction, index: Index<V>): void {
  const { missing, stale } = checkIndex(tx, index);
  for (const entry of stale) tx.delete(index.entries, entry);
  for (const entry of missing) tx.put(index.entries, entry, {});
}
