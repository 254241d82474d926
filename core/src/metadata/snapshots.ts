import type { HawserError } from '../errors/index.ts';
import type { JsonObject } from '../json.ts';
import type { Token } from '../plugin/token.ts';
import { defineToken } from '../plugin/token.ts';
import type { BackedSnapshotter, BackedType } from './snapshot-backend.ts';
import type { ListOptions, Page } from './listing.ts';
import type { ReadTransaction, StoreName, Transaction } from './store.ts';

/**
 * `active`: intended, being made. `view`: looks at its parents and never becomes more. `committed`: made; others may stand
 * on it. One key is one snapshot, whatever its kind.
 */
export type SnapshotKind = 'active' | 'view' | 'committed';

/**
 * The durable state of one thing that a plugin makes. It keeps its key for life; committing changes its kind.
 *
 * ```
 * snapshots/<type>/<key>             → Snapshot
 * snapshot_children/<parent>\0<child> → {}
 * ```
 */
export interface Snapshot<D extends JsonObject = JsonObject> {
  /** Resource type for garbage collection, e.g. `attachment`, `claim`. */
  readonly type: string;
  readonly key: string;
  readonly namespace: string;
  readonly kind: SnapshotKind;
  /** Full names `type/key` of the snapshots of the same store that it stands on. */
  readonly parents: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
  readonly updatedAt: string;
  /** What its owner needs to make it, check it and undo it. */
  readonly data: D;
}

export interface PrepareOptions<D extends JsonObject> {
  readonly data: D;
  /** Full names; each must be committed and must not be condemned. */
  readonly parents?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  /** The lease of the same store that keeps it alive until it is committed with a root or a referrer. */
  readonly lease?: string;
  /** Committed at once: there is nothing to be made outside the store. */
  readonly committed?: boolean;
  /** Where the key is there already, that one is given back as it is, under the lease; else it is `already_exists`. */
  readonly orExisting?: boolean;
}

/** Changes to a snapshot; an empty label value deletes the label, what isn't named stays unless `fields` says otherwise. */
export interface SnapshotChanges<D extends JsonObject> {
  readonly labels?: Readonly<Record<string, string>>;
  readonly data?: D;
  /**
   * Field paths: `data`, `labels` (all of them are replaced), `labels.<key>` (taken from `labels`, or deleted); an empty list
   * stands for all fields that can change. Others are `metadata.invalid_field_path`.
   */
  readonly fields?: readonly string[];
}

/** What may change when it is committed. */
export interface CommitChanges<D extends JsonObject> extends SnapshotChanges<D> {
  /** Only for one that stands on nothing yet; those that it has are no change. */
  readonly parents?: readonly string[];
}

/** What a snapshot takes by itself, without what it stands on. */
export interface SnapshotUsage {
  readonly bytes: number;
  /** Records of the store, or files and folders of a backend. */
  readonly items: number;
}

/** What of the snapshots of one type is walked over. */
export interface SnapshotRange {
  readonly prefix?: string;
  readonly after?: string;
  readonly onDamaged?: (refusal: HawserError) => void;
}

/**
 * The snapshots of one type. Every method runs in the caller's transaction; changes publish
 * `/snapshots/prepared|committed|updated|removed`.
 *
 * | what goes wrong | code | kind |
 * |---|---|---|
 * | the key exists, of whatever kind | `snapshots.already_exists` | AlreadyExists |
 * | it, or a parent, is missing | `snapshots.not_found` | NotFound |
 * | a parent is active, a view, or condemned | `snapshots.invalid_parent` | InvalidArgument |
 * | commit of a committed one or of a view; other parents at commit for one that has some; any change to a condemned one | `snapshots.failed_precondition` | FailedPrecondition |
 * | remove of one that others stand on | `snapshots.has_children` | FailedPrecondition |
 *
 * A call that is refused changes nothing, also where its transaction goes on; but see `prepare`.
 */
export interface Snapshotter<D extends JsonObject> {
  readonly type: string;
  /**
   * A new active one, under the lease. One that is there already is put under the lease too, before that is refused: who
   * catches the refusal inside the transaction keeps it.
   */
  prepare(tx: Transaction, key: string, options: PrepareOptions<D>): Snapshot<D>;
  /** A new view. */
  view(tx: Transaction, key: string, options: Omit<PrepareOptions<D>, 'committed'>): Snapshot<D>;
  /** Active → committed, under the transaction's lease. */
  commit(tx: Transaction, key: string, changes?: CommitChanges<D>): Snapshot<D>;
  update(tx: Transaction, key: string, changes: SnapshotChanges<D>): Snapshot<D>;
  get(tx: ReadTransaction, key: string): Snapshot<D> | undefined;
  /** Like `get`, for who needs it to be there. */
  stat(tx: ReadTransaction, key: string): Snapshot<D>;
  /** What its record takes in the store. */
  usage(tx: ReadTransaction, key: string): SnapshotUsage;
  /**
   * By key. `after`, a key with the prefix, goes on behind it; one that is no longer there is fine. A damaged record is thrown, or left
   * out where `onDamaged` is there to be told.
   */
  walk(tx: ReadTransaction, range?: SnapshotRange): Iterable<Snapshot<D>>;
  /** Puts one that is there under a lease, the transaction's own unless told. One that is condemned can't be kept any more. */
  lease(tx: Transaction, key: string, id?: string): void;
  /** Whether other snapshots stand on it. */
  hasChildren(tx: ReadTransaction, key: string): boolean;
  /** Full names of the snapshots that stand on it. */
  children(tx: ReadTransaction, key: string): Iterable<string>;
  /** Deletes the record at once. For a thing without a clean-up; everything else goes by garbage collection. */
  remove(tx: Transaction, key: string): void;
}

/** Declares a type of snapshot to the store and to garbage collection. */
export interface SnapshotType<D extends JsonObject> {
  /** `[a-z][a-z0-9_]*`. */
  readonly type: string;
  readonly store: StoreName;
  /** Its owner tells of its changes by events of its own; `/snapshots/…` would only repeat them. */
  readonly quiet?: boolean;
  /**
   * Whether stored data are of the form that this type writes: what isn't is refused to whoever reads it (`metadata.damaged`). Asked
   * with each read; anything goes unless told.
   */
  isData?(data: JsonObject): data is D;
  /** Undoes what the snapshot stands for, outside every transaction. See Collector.cleanup. */
  cleanup?(snapshot: Snapshot<D>, signal: AbortSignal): Promise<void | { readonly settled: Promise<void> }>;
  /** In the transaction that deletes the record; the parents' references are already gone. */
  removed?(tx: Transaction, snapshot: Snapshot<D>): void;
}

/** Where a snapshot is that is asked about. */
export interface UsageScope {
  readonly store: StoreName;
  /** `default` unless told. */
  readonly namespace?: string;
  readonly signal: AbortSignal;
}

/** What is walked over. */
export interface WalkOptions extends Pick<ListOptions, 'filters'> {
  readonly store: StoreName;
  /** `default` unless told. */
  readonly namespace?: string;
  readonly signal: AbortSignal;
  /** Snapshots given out before the next are read, at most; 250 unless told. */
  readonly batch?: number;
}

/**
 * Opens types of snapshots. A snapshot lives while it has the label `gc.root`, an unexpired `gc.expire`
 * (RFC 3339; one that can't be parsed keeps it), an unexpired lease, or a living child.
 */
export interface Snapshots {
  /** Registers the type with garbage collection too; once per type. */
  open<D extends JsonObject>(type: SnapshotType<D>): Snapshotter<D> & Disposable;
  /** Registers a type whose snapshots have bodies in a backend, and begins to compare the two. */
  openBacked(type: BackedType): BackedSnapshotter;
  /** What one of whatever type takes by itself: in its backend, or its record where it has none. `snapshots.not_found` */
  usage(snapshot: Pick<Snapshot, 'type' | 'key'>, scope: UsageScope): Promise<SnapshotUsage>;
  /** All of a store, for listings. */
  list(tx: ReadTransaction): Iterable<Snapshot>;
  /**
   * By name, `type/key`. Filters ask for a snapshot's fields as JSON has them, its `name` and its first `parent`, empty where it has none;
   * `labels.<key>==…`, `parent==…` and `name==…` are answered without reading the others, `type==…` without the other types.
   */
  page(tx: ReadTransaction, options?: ListOptions): Page<Snapshot>;
  /**
   * The same for as many as there are: read in batches, each in a transaction of its own, and given out outside of them, so
   * that whoever takes them may take its time, write, and await. What is there all the time is given exactly once.
   */
  walk(options: WalkOptions): AsyncIterable<Snapshot>;
}

export const Snapshots: Token<Snapshots, 'hawser.snapshots.v1'> = defineToken<Snapshots>()('hawser.snapshots.v1');
