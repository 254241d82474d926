import type { ReadTransaction, StoreName, Transaction } from '../metadata/store.ts';
import type { Token } from '../plugin/token.ts';
import { defineToken } from '../plugin/token.ts';

/** A thing that lives or dies: the type is its collector's, the key is the type's own business. */
export interface Node {
  readonly type: string;
  readonly key: string;
}

/**
 * Tells garbage collection about one type of resource. All but `cleanup` run inside a transaction and are
 * synchronous.
 *
 * The life of garbage: found unreachable → `condemn` in a write transaction that has checked again that it is
 * unreachable, together with an entry in the durable list of condemned nodes → `cleanup` outside every transaction,
 * with a deadline, repeated with back-off until it succeeds, also after a restart → `finish` in a write
 * transaction that removes the entry too. A node is condemned only after everything that refers to it is finished.
 *
 * A collector that throws makes the whole collection fail: nothing is swept (fail closed).
 */
export interface Collector {
  readonly type: string;
  readonly store: StoreName;
  /** Every key, condemned ones included. */
  keys(tx: ReadTransaction): Iterable<string>;
  /** Whether it is among `keys`; they are looked through where it is absent. */
  has?(tx: ReadTransaction, key: string): boolean;
  /** Whether it lives by itself (label `gc.root`, unexpired `gc.expire`). `now` is milliseconds since the epoch. */
  isRoot(tx: ReadTransaction, key: string, now: number): boolean;
  /** When a root of this type stops being one by itself, for the wake-up; undefined where it doesn't. */
  expiry?(tx: ReadTransaction, key: string): number | undefined;
  /** What it keeps alive. */
  references(tx: ReadTransaction, key: string): Iterable<Node>;
  /**
   * Which keys of this type refer to a node: the reverse of `references`. Makes collecting one node independent of the
   * number of nodes; where it is absent, every key's `references` are asked for.
   */
  referrers?(tx: ReadTransaction, node: Node): Iterable<string>;
  /** Marks it so that nobody can take it up again. */
  condemn(tx: Transaction, key: string): void;
  /** Undoes what lies outside the store. May be repeated; resolves only when it is confirmed undone. */
  cleanup?(key: string, signal: AbortSignal): Promise<void | Settling>;
  /** Deletes the record. */
  finish(tx: Transaction, key: string): void;
}

/**
 * Returned by a clean-up of which the effect already holds towards everybody else while a slow rest goes on:
 * whoever waits for the collection is answered, `finish` waits for `settled`. When that rejects, `cleanup` is repeated.
 */
export interface Settling {
  readonly settled: Promise<void>;
}

export interface CollectionReport {
  readonly removed: readonly (Node & { readonly reason: string })[];
  readonly kept: number;
  readonly failed: readonly (Node & { readonly error: string })[];
  readonly durationMs: number;
}

export interface GcStatus {
  readonly running: boolean;
  readonly lastRun?: { readonly at: string; readonly report: CollectionReport };
  readonly lastError?: string;
  /** When the next run is due, RFC 3339; absent where nothing is scheduled. */
  readonly nextRun?: string;
  readonly condemned: readonly (Node & { readonly since: string; readonly attempts: number; readonly lastError?: string })[];
}

/**
 * Mark and sweep over what collectors report. Roots: what a collector calls one, and the resources of unexpired
 * leases. Runs after deletions, at the expiry of a lease or of a root, and when asked.
 */
export interface Gc {
  /** Adds a type; released through the disposable. Until the first run after it, nothing of the type is swept. */
  register(collector: Collector): Disposable;
  /** Collects everything that is garbage now. `dryRun` explains and removes nothing. */
  run(options: { readonly signal: AbortSignal; readonly dryRun?: boolean }): Promise<CollectionReport>;
  /**
   * Collects this one node at once, if it is garbage, and what only it kept alive. Resolves when the node's clean-up
   * is done (or settling); rejects with its error when that fails, and goes on trying in the background.
   */
  collect(node: Node, options: { readonly signal: AbortSignal }): Promise<void>;
  /** Resolves when nothing is left of a node that is condemned; at once when it isn't. */
  finished(node: Node, options: { readonly signal: AbortSignal }): Promise<void>;
  /**
   * Says, inside the transaction, that something may have become garbage; a run follows after the commit. Who knows what
   * it was names it: the run then follows only where one of these nodes is garbage indeed.
   */
  trigger(tx: Transaction, nodes?: readonly Node[]): void;
  /**
   * Condemns one node in the caller's transaction, where that has just made it garbage to which nothing refers; its
   * clean-up begins after the commit, and `collect` waits for it. Does nothing otherwise.
   */
  condemn(tx: Transaction, node: Node): void;
  /** Says, inside the transaction, that something may become garbage by itself at a time (milliseconds since the epoch). */
  wakeAt(tx: Transaction, at: number): void;
  isCondemned(tx: ReadTransaction, node: Node): boolean;
  status(): GcStatus;
}

export const Gc: Token<Gc, 'hawser.gc.v1'> = defineToken<Gc>()('hawser.gc.v1');
