import type { Labels } from '../metadata/labels.ts';
import type { ReadTransaction, StoreName, Transaction } from '../metadata/store.ts';
import type { Token } from '../plugin/token.ts';
import { defineToken } from '../plugin/token.ts';

/** A thing that lives or dies: the type is its collector's, the key is the type's own business. */
export interface Node {
  readonly type: string;
  readonly key: string;
}

/** What one node says of itself when a mark passes over all of its type. */
export interface NodeFacts {
  readonly key: string;
  /** Whether it lives by itself, whatever its labels say. */
  readonly root?: boolean;
  /** When it stops being such a root; see `Collector.expiry`. */
  readonly expiresAt?: number | undefined;
  /** `gc.root` and `gc.expire` count. */
  readonly labels?: Labels | undefined;
  /** Milliseconds since the epoch; see `Collector.createdAt`. */
  readonly createdAt?: number | undefined;
  /** Full names `type/key` of what it keeps alive, but for what only its labels refer to. */
  readonly references?: readonly string[];
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
 * A collector that throws makes the whole collection fail: nothing is swept (fail closed). Every call is about one
 * namespace: that of its transaction, or the one that it names. A node refers to nodes of its own namespace only.
 */
export interface Collector {
  readonly type: string;
  readonly store: StoreName;
  /**
   * Types that its nodes may refer to, but for references by label, which are known without it. Where its plugin is off or
   * has failed, nothing of these types is swept; nothing of any type where it doesn't tell.
   */
  readonly refersTo?: readonly string[];
  /**
   * All of a namespace in one pass, in the order of `keys`; made of the answers about single nodes where it is absent. It is
   * read in slices over a view that stays as it is: yield each node as it is read.
   */
  scan?(tx: ReadTransaction, now: number): Iterable<NodeFacts>;
  /** Every key, condemned ones included. */
  keys(tx: ReadTransaction): Iterable<string>;
  /** Whether it is among `keys`; they are looked through where it is absent. */
  has?(tx: ReadTransaction, key: string): boolean;
  /** Whether it lives by itself (label `gc.root`, unexpired `gc.expire`). `now` is milliseconds since the epoch. */
  isRoot(tx: ReadTransaction, key: string, now: number): boolean;
  /** When a root of this type stops being one by itself, for the wake-up; undefined where it doesn't. */
  expiry?(tx: ReadTransaction, key: string): number | undefined;
  /** Where its nodes have labels: `gc.root` and `gc.expire` then count beside `isRoot`. Tell changes by `Gc.relabel`. */
  labels?(tx: ReadTransaction, key: string): Labels | undefined;
  /** When it was made: collections that come by themselves leave alone what is younger than the protection period. */
  createdAt?(tx: ReadTransaction, key: string): number | undefined;
  /** What it keeps alive, but for what only its labels refer to. */
  references(tx: ReadTransaction, key: string): Iterable<Node>;
  /**
   * Which keys of this type refer to a node: the reverse of `references`. Makes collecting one node independent of the
   * number of nodes; where it is absent, every key's `references` are asked for.
   */
  referrers?(tx: ReadTransaction, node: Node): Iterable<string>;
  /** Marks it so that nobody can take it up again. */
  condemn(tx: Transaction, key: string): void;
  /** Undoes what lies outside the store. May be repeated; resolves only when it is confirmed undone. */
  cleanup?(key: string, signal: AbortSignal, namespace: string): Promise<void | Settling>;
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

/** A node with its namespace. */
export interface NamespacedNode extends Node {
  readonly namespace: string;
}

export interface CollectionReport {
  readonly removed: readonly (NamespacedNode & { readonly reason: string })[];
  readonly kept: number;
  readonly failed: readonly (NamespacedNode & { readonly error: string })[];
  readonly durationMs: number;
}

/** What collections came to since the agent's start. */
export interface GcStatistics {
  /** Marks of everything that came to their end, and those that failed. */
  readonly cycles: number;
  readonly failures: number;
  /** Nodes that are gone, by type. */
  readonly removed: Readonly<Record<string, number>>;
  readonly cleanupFailures: number;
  /** Of the last mark: nodes, and milliseconds of work without what lies between its slices. */
  readonly nodes: number;
  readonly markMs: number;
  /** The longest that one slice of it held the event loop. */
  readonly longestSliceMs: number;
}

/** What waits for its clean-up: the durable list. */
export interface CondemnedStatus extends NamespacedNode {
  /** RFC 3339, UTC. */
  readonly since: string;
  readonly reason: string;
  /** Clean-ups that failed. */
  readonly attempts: number;
  readonly lastError?: string;
  /** `running`, `waiting` for its next attempt or for its turn, or `blocked` because no plugin collects its type now. */
  readonly state: 'running' | 'waiting' | 'blocked';
}

/** A type of which the store may hold nodes while no plugin collects it; what it may refer to is not swept. */
export interface AbsentType {
  readonly type: string;
  readonly store: StoreName;
  /** Absent: everything. */
  readonly refersTo?: readonly string[];
}

export interface GcStatus {
  readonly running: boolean;
  readonly lastRun?: { readonly at: string; readonly report: CollectionReport };
  readonly lastError?: string;
  /** When the next run is due, RFC 3339; absent where nothing is scheduled. */
  readonly nextRun?: string;
  readonly condemned: readonly CondemnedStatus[];
  readonly absentTypes: readonly AbsentType[];
  readonly statistics: GcStatistics;
}

/** Where a node is. */
export interface NodeScope {
  readonly signal: AbortSignal;
  /** `default` unless told. */
  readonly namespace?: string;
}

/**
 * Mark and sweep over what collectors report. Roots: what a collector calls one, what is labelled `gc.root` or with an
 * unexpired `gc.expire`, and the resources of unexpired leases. Alive is what a root refers to, by its collector or by the
 * labels `gc.ref.<type>[./name]` = key (it refers to that) and `gc.bref.<type>[./name]` = key (that refers to it).
 * Namespaces are collected each for itself. Runs after deletions, at the expiry of a lease or of a root, and when asked.
 */
export interface Gc {
  /** Adds a type; released through the disposable. Until the first run after it, nothing of the type is swept. */
  register(collector: Collector): Disposable;
  /** Collects everything that is garbage now, in every namespace. `dryRun` explains and removes nothing. */
  run(options: { readonly signal: AbortSignal; readonly dryRun?: boolean }): Promise<CollectionReport>;
  /**
   * Collects this one node at once, if it is garbage, and what only it kept alive. Resolves when the node's clean-up
   * is done (or settling); rejects with its error when that fails, and goes on trying in the background.
   */
  collect(node: Node, options: NodeScope): Promise<void>;
  /** Resolves when nothing is left of a condemned node; at once for any other. `gc.unknown_type` while no plugin collects its type. */
  finished(node: Node, options: NodeScope): Promise<void>;
  /**
   * Says, inside the transaction, that something may have become garbage; a run follows after the commit. Who knows what
   * it was names it: the run then follows only where one of these nodes is garbage indeed, or where they are more than a hundred.
   */
  trigger(tx: Transaction, nodes?: readonly Node[]): void;
  /**
   * Condemns one node in the caller's transaction, where that has just made it garbage to which nothing refers; its
   * clean-up begins after the commit, and `collect` waits for it. Does nothing otherwise.
   */
  condemn(tx: Transaction, node: Node): void;
  /** Says, inside the transaction, that something may become garbage by itself at a time (milliseconds since the epoch). */
  wakeAt(tx: Transaction, at: number): void;
  /**
   * Says, inside the transaction, that a resource's labels change; `after` is undefined when the resource goes. Links what
   * `gc.ref.*` and `gc.bref.*` name, looks at what lost a keeper, and wakes up at `gc.expire`.
   */
  relabel(tx: Transaction, node: Node, before: Labels, after: Labels | undefined): void;
  /** Where the nodes of a type are; undefined while no plugin collects it. */
  storeOf(type: string): StoreName | undefined;
  isCondemned(tx: ReadTransaction, node: Node): boolean;
  /**
   * Before the agent stops: collects what is garbage and hurries what is condemned, as far as `drain_deadline` and the
   * signal allow. Resolves with what is left, which the next start takes up; never rejects.
   */
  drain(signal: AbortSignal): Promise<readonly CondemnedStatus[]>;
  /** For a type whose plugin will not come back: what it may refer to is swept again. Resolves with whether it was known. */
  forget(type: string): Promise<boolean>;
  status(): GcStatus;
}

export const Gc: Token<Gc, 'hawser.gc.v1'> = defineToken<Gc>()('hawser.gc.v1');
