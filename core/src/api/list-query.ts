import * as z from 'zod';
import type { HawserError } from '../errors/index.ts';
import type { JsonObject } from '../json.ts';
import type { ListOptions, Page } from '../metadata/listing.ts';
import type { Metadata, ReadTransaction, StoreName } from '../metadata/store.ts';
import { type Filter, parseFilter } from '../filters/index.ts';
import { apiErrors } from './errors.ts';
import { type Scope, scoped } from './scope.ts';

/** Items of an answer unless told; a client asks for the next ones by `after`. */
const DEFAULT_LIMIT = 500;
const MAX_LIMIT = 5_000;
const MAX_FILTERS = 32;
/** Records read in one go, whether they are meant or not: a millisecond or two. */
const SLICE = 250;

/** The query of every listing: `?filter=…&filter=…&limit=…&after=…`. */
export const listing = z.strictObject({
  filter: z.preprocess(asList, z.array(z.string()).max(MAX_FILTERS)).default([]),
  after: z.string().max(4_096).optional(),
  limit: z.coerce.number().int().min(1).max(MAX_LIMIT).default(DEFAULT_LIMIT),
});

/** The same for what is listed by namespace. */
export const scopedListing = listing.extend(scoped.shape);

/** What a query has once is no list by itself. */
export function asList(value: unknown): unknown {
  return typeof value === 'string' ? [value] : value;
}

/** A record that a listing has left out. */
export interface DamagedRecord {
  readonly message: string;
  /** Its store, collection, namespace and key. */
  readonly details: JsonObject;
}

/** A page as the API gives it. */
export interface ListedPage<T> extends Page<T> {
  /** Absent where every record of the page can be read. */
  readonly damaged?: readonly DamagedRecord[];
}

/** A listing over stores, in this order. */
export interface Listed<T> {
  readonly metadata: Pick<Metadata, 'read'>;
  readonly stores: readonly StoreName[];
  /** The default one unless told. */
  readonly scope?: Scope;
  page(tx: ReadTransaction, options: ListOptions): Page<T>;
}

/** What a request asks of a listing. */
export interface ListQuery {
  readonly filters: readonly Filter[];
  readonly limit: number;
  readonly after?: string;
}

/** Reads the filters: `filters.invalid` points into the one at fault. */
export function listQuery({ filter, after, limit }: z.output<typeof listing>): ListQuery {
  return { filters: filter.map(parseFilter), limit, ...(after === undefined ? {} : { after }) };
}

/**
 * One page across stores. It is read in slices, each a transaction of its own, between which others do their work; so a
 * cursor names a store and a place in it. Damaged records are told beside the others.
 */
export async function listPage<T>(
  { metadata, stores, scope, page }: Listed<T>,
  { filters, after, limit }: ListQuery,
  signal: AbortSignal,
): Promise<ListedPage<T>> {
  let place: Place | undefined = startOf(stores, after);
  const items: T[] = [];
  const damaged: DamagedRecord[] = [];
  const onDamaged = ({ message, details }: HawserError): void => void damaged.push({ message, details });
  while (place !== undefined && items.length + damaged.length < limit) {
    signal.throwIfAborted();
    const { store, cursor }: Place = place;
    const wanted = { filters, limit: limit - items.length - damaged.length, scan: SLICE, onDamaged };
    const options = { ...wanted, ...(cursor === undefined ? {} : { after: cursor }) };
    const slice: Page<T> = metadata.read(store, (tx) => page(tx, options), scope);
    items.push(...slice.items);
    place = slice.next === undefined ? following(stores, store) : { store, cursor: slice.next };
    if (place !== undefined) await new Promise(setImmediate);
  }
  return {
    items,
    ...(place === undefined ? {} : { next: `${place.store}.${place.cursor ?? ''}` }),
    ...(damaged.length === 0 ? {} : { damaged }),
  };
}

interface Place {
  readonly store: StoreName;
  /** From its start on where there is none. */
  readonly cursor?: string;
}

function startOf(stores: readonly StoreName[], after: string | undefined): Place | undefined {
  if (after === undefined) return stores[0] === undefined ? undefined : { store: stores[0] };
  const [name, cursor = ''] = after.split('.', 2);
  const store = stores.find((one) => one === name);
  if (store === undefined || !after.includes('.'))
    throw apiErrors.badRequest(`the query is not valid: after: ${JSON.stringify(after.slice(0, 40))} is no cursor of this listing`);
  return cursor === '' ? { store } : { store, cursor };
}

function following(stores: readonly StoreName[], store: StoreName): Place | undefined {
  const next = stores[stores.indexOf(store) + 1];
  return next === undefined ? undefined : { store: next };
}
