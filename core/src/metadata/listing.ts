/** Listings in pages, and the cursors between them. */
import { type Fields, type Filter, parseFilter, toPredicate } from '../filters/index.ts';
import type { HawserError } from '../errors/index.ts';
import { metadataErrors } from './errors.ts';
import { pastDamaged, type Row } from './past-damaged.ts';

/** What a listing is asked for. */
export interface ListOptions {
  /**
   * In the language of filters; one of them is enough, none means all. `filters.invalid` points into the one at fault. Who
   * reads many pages hands them over read once.
   */
  readonly filters?: readonly (string | Filter)[];
  /** The `next` of the page before. `metadata.invalid_cursor` where it is of another listing. */
  readonly after?: string;
  /** Items of a page at most; all unless told. */
  readonly limit?: number;
  /**
   * Records that are read at most, whether they are meant or not; all unless told. Who lists much reads it in slices
   * and lets others do their work between them.
   */
  readonly scan?: number;
  /** Told of each damaged record, by its refusal: it is left out, and the rest is listed. Without it, the first one is thrown. */
  readonly onDamaged?: (refusal: HawserError) => void;
}

/**
 * A part of a listing, in the order of keys. Cursors stand for keys: whatever is written between two pages, what was
 * there all the time is listed exactly once, and nothing is listed twice.
 */
export interface Page<T> {
  readonly items: readonly T[];
  /** Where the rest begins; absent at the end. A page that has it may hold fewer items than asked for, even none. */
  readonly next?: string;
}

/** What a listing is made of: records `R` as they are read, items `T` as they are given. */
export interface Listing<R, T> {
  /** Tells its cursors from those of others, e.g. `leases`. */
  readonly name: string;
  /**
   * Records by key in the order of the store, from behind `after` on. It may leave out what none of the filters can
   * mean; of what it gives each is still asked.
   */
  scan(filters: readonly Filter[], after: string | undefined): Iterable<readonly [key: string, record: R]>;
  /** The key of a record by the one that the store has for it, which is the same unless told. */
  keyOf?(stored: string): string;
  fields(key: string, record: R): Fields;
  item(key: string, record: R): T;
}

/** Reads one page. */
export function readPage<R, T>(listing: Listing<R, T>, { filters = [], after, limit, scan, onDamaged }: ListOptions = {}): Page<T> {
  const parsed = readFilters(filters);
  const matches = toPredicate(parsed);
  const most = countOf('limit', limit);
  let left = countOf('scan', scan);
  const items: T[] = [];
  let last: string | undefined;
  const start = after === undefined ? undefined : decodeCursor(listing.name, after);
  const rows: Iterable<Row<R>> =
    onDamaged === undefined ? listing.scan(parsed, start) : pastDamaged((from) => listing.scan(parsed, from), listing.keyOf, start);
  for (const [key, record, refusal] of rows) {
    if (last !== undefined && (items.length >= most || left <= 0)) return { items, next: encodeCursor(listing.name, last) };
    if (refusal !== undefined) onDamaged?.(refusal);
    else if (parsed.length === 0 || matches(listing.fields(key, record))) items.push(listing.item(key, record));
    last = key;
    left--;
  }
  return { items };
}

/** Filters as they are read once, for as many pages as there are. */
export const readFilters = (filters: readonly (string | Filter)[]): readonly Filter[] =>
  filters.map((filter) => (typeof filter === 'string' ? parseFilter(filter) : filter));

function countOf(name: string, count: number = Number.POSITIVE_INFINITY): number {
  if (count >= 1) return count;
  throw metadataErrors.invalidLimit(`${name} is ${count}`);
}

const SEPARATOR = '\0';
/** No key of a store makes a longer one. */
const MAX_CURSOR_LENGTH = 2_000;

/** The cursor behind a key of a listing. */
export const encodeCursor = (listing: string, key: string): string => Buffer.from(`${listing}${SEPARATOR}${key}`).toString('base64url');

function decodeCursor(listing: string, cursor: string): string {
  const text = Buffer.from(cursor, 'base64url').toString('utf8');
  const at = text.indexOf(SEPARATOR);
  const key = text.slice(at + 1);
  if (cursor.length > MAX_CURSOR_LENGTH || at < 0 || text.slice(0, at) !== listing || encodeCursor(listing, key) !== cursor)
    throw metadataErrors.invalidCursor(`${JSON.stringify(cursor.slice(0, 40))} is no cursor of the listing of ${listing}`);
  return key;
}
