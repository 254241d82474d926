/**
 * Snapshots whose bodies lie outside of the store: folders, volumes, things in a cloud.
 *
 * ```
 * prepare   transaction 1: checks, and the object's record (an id that no snapshot has yet)
 *           backend.prepare, outside of every transaction
 *           transaction 2: lease, record and links to the parents
 * commit    a look, backend.commit outside, then a transaction
 * remove    one transaction, in the store alone; garbage collection removes the object from the backend
 *
 * snapshots/<type>/<key>          → data: { id, place }
 * snapshot_objects/<type>/<id>    → { key, since }
 * ```
 *
 * The object is a node of garbage collection of its own, of type `<type>_object`, and lives as long as its snapshot does.
 * Whatever dies when, an object without a snapshot is known to the store before it is made, and is garbage like any other:
 * removed with deadline and back-off, and by the next process where this one has died.
 */
import type { JsonObject } from '../json.ts';
import type { Snapshot, Snapshotter, SnapshotUsage } from './snapshots.ts';
import type { StoreName } from './store.ts';

/** A snapshot's body as its backend sees it. */
export interface BackendObject {
  /** Never given to another one: `<namespace>.<26 letters and digits>`, safe as a file's name. */
  readonly id: string;
  readonly kind: 'active' | 'view';
  /** Objects that it stands on: those of its parents that are of the same type, in their order. */
  readonly parents: readonly string[];
}

/**
 * What a backend does; all of it outside of every transaction, and for one object one call at a time, with one exception:
 * a call that doesn't end when its signal aborts may meet the `remove` of the next process.
 */
export interface SnapshotBackend {
  /** Makes it; resolves with where it is reached. What an attempt that died has left under the id is in nobody's way. */
  prepare(object: BackendObject, signal: AbortSignal): Promise<JsonObject>;
  /** Makes it unchangeable; resolves with where it is reached from now on. May be repeated. */
  commit(object: BackendObject, signal: AbortSignal): Promise<JsonObject>;
  /** Resolves only when nothing is left of it. May be repeated; what isn't there is removed already. */
  remove(id: string, signal: AbortSignal): Promise<void>;
  /** What it takes by itself, without what it stands on. */
  usage(id: string, signal: AbortSignal): Promise<SnapshotUsage>;
  /** Ids of all that is there, whole or not. What isn't of this form is nobody's business, and left alone. */
  list(signal: AbortSignal): AsyncIterable<string>;
}

/** The data of a snapshot with a backend. */
export type BackedData = {
  /** The object's. */
  readonly id: string;
  /** What the backend said. */
  readonly place: JsonObject;
};

export type BackedSnapshot = Snapshot<BackedData>;

/** Declares a type of snapshots to the store, to garbage collection and to its backend. */
export interface BackedType {
  /** `[a-z][a-z0-9_]*`. */
  readonly type: string;
  readonly store: StoreName;
  readonly backend: SnapshotBackend;
  /**
   * From the start to the removal of what the backend has and the store doesn't know: time to stop the agent where a store
   * was restored by mistake. 600,000 unless told.
   */
  readonly orphanGraceMs?: number;
}

/** Where a call is, and until when its caller waits: the work itself goes on to a known end. */
export interface BackedScope {
  readonly signal: AbortSignal;
  /** `default` unless told. */
  readonly namespace?: string;
}

export interface BackedOptions extends BackedScope {
  readonly parents?: readonly string[];
  readonly labels?: Readonly<Record<string, string>>;
  /** Takes the snapshot when it is made, when it is committed, and also when it is there already. */
  readonly lease?: string;
}

/** What a start found where the backend and the store don't agree. */
export interface BackendFindings {
  /** Objects without a snapshot or a record; they are removed when the grace is over. */
  readonly orphans: readonly string[];
  /** Snapshots of which the backend has lost the object, by namespace and full name; told by `/snapshots/lost` too. */
  readonly lost: readonly { readonly namespace: string; readonly name: string; readonly id: string }[];
}

/**
 * The snapshots of one type with a backend. Errors are those of Snapshotter, row by row; and `snapshots.failed_precondition`
 * for the mounts of a committed one. What the backend throws comes through, after which nothing is there.
 */
export interface BackedSnapshotter extends AsyncDisposable {
  readonly type: string;
  /** For what needs no backend, in transactions of one's own: get, stat, walk, children, labels, leases. */
  readonly records: Omit<Snapshotter<BackedData>, 'prepare' | 'view' | 'commit' | 'remove' | 'usage'>;
  prepare(key: string, options: BackedOptions): Promise<BackedSnapshot>;
  view(key: string, options: BackedOptions): Promise<BackedSnapshot>;
  commit(key: string, options: BackedOptions): Promise<BackedSnapshot>;
  /** Its key is free at once; the backend follows by garbage collection. */
  remove(key: string, options?: { readonly namespace?: string }): Promise<void>;
  /** Where an active one or a view is reached. */
  mounts(key: string, options?: { readonly namespace?: string }): JsonObject;
  usage(key: string, scope: BackedScope): Promise<SnapshotUsage>;
  /** Settles when backend and store have been compared, which is tried until it succeeds; rejects at the stop. */
  readonly compared: Promise<BackendFindings>;
}
