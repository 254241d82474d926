/**
 * The durable store: two LMDB environments behind one contract.
 *
 * | store | lives at | a commit survives | holds |
 * |---|---|---|---|
 * | `root` | /var/lib/hawser | power loss | what outlives a reboot: intents towards a cloud, histories, the journal's archive |
 * | `state` | /run/hawser | death of the process | what a reboot erases anyway: attachments, claims on links, addresses and devices, leases on them |
 *
 * The state store carries the kernel's boot id and is set aside when that has changed. A transaction spans one
 * store. Where both take part, `root` is written first and `state` refers to it; readers that need both read
 * `root` first. Keys inside an environment are `[collection, namespace, key]`; the schema's version is a record of its own
 * (record.ts).
 */
import type { JsonValue } from '../json.ts';
import type { Token } from '../plugin/token.ts';
import { defineToken } from '../plugin/token.ts';
import { checkCollectionName } from './collection-name.ts';

/** In the order in which they are written where both take part. */
export const STORES = ['root', 'state'] as const;

export type StoreName = (typeof STORES)[number];

/** The namespace of whoever names none. */
export const DEFAULT_NAMESPACE = 'default';

/** A consistent view of one namespace of one store. Valid only inside the callback that got it. */
export interface ReadTransaction {
  readonly store: StoreName;
  /** Records of other namespaces are not seen. */
  readonly namespace: string;
  /**
   * Write transactions of its store that had begun when this one did, those that aborted too; a write transaction counts
   * itself. Where it is the same, nobody has written.
   */
  readonly begun: number;
  /** The same transaction in another namespace. */
  in(namespace: string): ReadTransaction;
  /** The record under a key; it may be shared with others who read it, and is frozen then. */
  get<V extends JsonValue>(collection: Collection<V>, key: string): V | undefined;
  has(collection: Collection, key: string): boolean;
  /**
   * Entries in key order. The iteration must end inside the callback. A damaged record ends it (`metadata.damaged`), unless the
   * caller says what stands for one.
   */
  entries<V extends JsonValue>(collection: Collection<V>, range?: KeyRange, damaged?: V): Iterable<readonly [key: string, value: V]>;
  /** The same without the values, which are not decoded. */
  keys(collection: Collection, range?: KeyRange): Iterable<string>;
  /** Every namespace of the store that holds a record, sorted. Costs one seek for each pair of collection and namespace. */
  namespaces(): readonly string[];
  /** Every collection that holds a record of this namespace, sorted. Costs two seeks for each collection of the store. */
  collections(): readonly string[];
}

/**
 * A consistent view that outlives its turn of the event loop: writes go on meanwhile, and it doesn't see them. While it is
 * open no page that it may read is used again, so that every commit makes the file grow: open it for seconds, dispose it
 * always. Using it afterwards is an error (`metadata.transaction_ended`).
 */
export interface StoreView extends ReadTransaction, Disposable {}

/** The single writer's view. What it writes, it reads. Throwing aborts all of it. */
export interface Transaction extends ReadTransaction {
  /** The lease of this store and namespace that everything made in this transaction is put under, also what exists already. */
  readonly lease?: string;
  /** Its changes and effects belong to this transaction; it carries no lease. */
  in(namespace: string): Transaction;
  put<V extends JsonValue>(collection: Collection<V>, key: string, value: V): void;
  delete(collection: Collection, key: string): boolean;
  /**
   * Runs a part of the transaction, of all its namespaces: where it throws, what it has written is taken back before the error goes on,
   * so that who catches it may go on too. What it has put off by `beforeCommit` and `afterCommit` stays.
   */
  attempt<T>(part: () => T): T;
  /** The same object for all namespaces of one transaction, and for no other transaction. */
  readonly whole: object;
  /**
   * Runs inside the transaction when its callback has returned, in order, for who writes once what it was told piece by piece. One that
   * throws aborts it.
   */
  beforeCommit(effect: () => void): void;
  /** Runs after the commit, in order; never when the transaction aborts. An effect that throws is logged and harms nobody. */
  afterCommit(effect: () => void): void;
  /**
   * Says that this transaction takes something new. It fails with `metadata.disk_full` while the disk is full, so that
   * the space that the store keeps in reserve is left for finishing and undoing what is there, which goes on.
   */
  refuseWhenFull(): void;
}

/** Bounds of a scan; both are optional. `prefix` excludes the others. */
export interface KeyRange {
  readonly prefix?: string;
  readonly start?: string;
  /** Exclusive. */
  readonly end?: string;
  readonly reverse?: boolean;
  readonly limit?: number;
}

/** A named table of one store, in one namespace. Made by `defineCollection`. */
export interface Collection<V extends JsonValue = JsonValue> {
  readonly store: StoreName;
  readonly name: string;
  /**
   * Whether a stored value is of the collection's form: one that isn't is refused to whoever reads it (`metadata.damaged`). Asked
   * of each that is decoded, so that it is to be cheap.
   */
  readonly isValue?: (value: unknown) => value is V;
  /** Made from another collection's records, e.g. an index: a digest stands before the key of one. */
  readonly derived?: boolean;
  /** Only for the type checker. */
  readonly value?: V;
}

/** Declares a collection; names are unique per store, `[a-z][a-z0-9_.]*`: another one throws `metadata.invalid_name`. */
export function defineCollection<V extends JsonValue>(
  store: StoreName,
  name: string,
  isValue?: (value: unknown) => value is V,
): Collection<V> {
  checkCollectionName(name);
  return Object.freeze(isValue === undefined ? { store, name } : { store, name, isValue });
}

/** Where a call reads. */
export interface ReadScope {
  /** `default` unless told. */
  readonly namespace?: string;
}

/** Where a call writes, and what protects what it makes. */
export interface WriteScope extends ReadScope {
  /** Becomes `Transaction.lease`. */
  readonly lease?: string;
}

/**
 * The metadata contract.
 *
 * Errors: `metadata.wrong_store` when a collection of the other store is used, `metadata.key_too_long` (1,024
 * bytes) and `metadata.value_too_large` (1 MiB), `metadata.unknown_namespace` when a write puts something into a namespace that is not
 * there (see Namespaces), `metadata.disk_full` (nothing was written), `metadata.read_only`, `metadata.closed`.
 */
export interface Metadata {
  /** A snapshot read; `fn` is synchronous. */
  read<T>(store: StoreName, fn: (tx: ReadTransaction) => T, scope?: ReadScope): T;
  /**
   * Opens a view for work in slices. `lifetime` bounds it: when that aborts the view ends, whatever its reader does, and so
   * it does when the store is closed. At most 16 at a time (`metadata.too_many_views`). Not for use inside a write to the same store.
   */
  view(store: StoreName, lifetime: AbortSignal): StoreView;
  /** Calls back after each commit with the number of transactions in it; never from inside one. */
  onCommit(observe: (store: StoreName, transactions: number) => void): Disposable;
  /**
   * A write transaction; `fn` is synchronous and runs exactly once. Resolves with its result when the commit is as
   * durable as the store promises. Concurrent calls may share a commit; each aborts alone.
   */
  write<T>(store: StoreName, fn: (tx: Transaction) => T, scope?: WriteScope): Promise<T>;
  stats(): Readonly<Record<StoreName, StoreStats>>;
  /** A consistent copy of a store into an empty folder while it is in use. Who leaves before it is whole leaves nothing there. */
  backup(store: StoreName, folder: string, signal: AbortSignal): Promise<void>;
}

export interface StoreStats {
  readonly path: string;
  readonly schemaVersion: number;
  readonly sizeBytes: number;
  readonly entries: number;
}

export const Metadata: Token<Metadata, 'hawser.metadata.v1'> = defineToken<Metadata>()('hawser.metadata.v1');
