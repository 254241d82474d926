import type { Clock } from '../context/index.ts';
import { unlinkNode } from '../leases/lease-records.ts';
import type { StoreName, Transaction } from '../metadata/store.ts';
import { deleteCondemned, isCondemned, readCondemned, writeCondemned } from './condemned.ts';
import type { Collector, NamespacedNode, Node } from './gc.ts';
import { standingOf, type World } from './liveness.ts';
import { nodeName } from './node.ts';
import { dropReferences, labelledReferences } from './references.ts';

/** What one transaction did: nodes that are gone, nodes whose clean-up begins, nodes to look at afterwards. */
export interface Step {
  readonly namespace: string;
  readonly removed: (NamespacedNode & { readonly reason: string })[];
  readonly condemned: (Node & { readonly reason: string })[];
  readonly later: Node[];
}

export interface SentencingOptions {
  readonly tx: Transaction;
  readonly world: World;
  readonly clock: Pick<Clock, 'monotonic'>;
  /** Where it stops to take on more. */
  readonly limit: { readonly nodes: number; readonly ms: number };
}

/** Garbage whose labels refer to one another is condemned together, so many at most; a longer chain goes link by link. */
const MAX_TIES = 256;

/**
 * Of what a node kept alive so much goes in its own transaction, however slow the machine is: with an attachment its claims
 * are released.
 */
const AT_LEAST = 64;

const UNREACHABLE = 'it has no root and no lease, and nothing refers to it';
const TIED = 'it has no root and no lease, and only labels of what goes too refer to it';

/** Decisions and their writing down, within one transaction. */
export class Sentencing {
  readonly world: World;
  readonly step: Step;
  readonly #tx: Transaction;
  readonly #clock: SentencingOptions['clock'];
  readonly #limit: SentencingOptions['limit'];
  readonly #began: number;
  /** What the nodes that went referred to, with the one that went last. */
  readonly #following: (readonly [node: Node, gone: Node])[] = [];

  constructor({ tx, world, clock, limit }: SentencingOptions) {
    this.#tx = tx;
    this.world = world;
    this.#clock = clock;
    this.#limit = limit;
    this.#began = clock.monotonic();
    this.step = { namespace: tx.namespace, removed: [], condemned: [], later: [] };
  }

  isOver(): boolean {
    const { removed, condemned } = this.step;
    return removed.length + condemned.length >= this.#limit.nodes || this.#clock.monotonic() - this.#began >= this.#limit.ms;
  }

  /** Condemns a node of this store if nothing alive keeps it and nothing else must go first. Whether it is on its way now. */
  condemnIfDead(node: Node, reason?: string, tied: Set<string> = new Set()): boolean {
    const { world } = this;
    const collector = world.collectors.get(node.type)?.collector;
    if (collector === undefined || collector.store !== this.#tx.store) return false;
    if (isCondemned(this.#tx, node)) return true;
    const standing = standingOf(world, node);
    if (standing.kind === 'blocked') {
      if (standing.by.length > 0 || !this.#condemnTies(node, standing.ties, tied)) return false;
    } else if (standing.kind !== 'eligible') return false;
    this.#condemn(node, collector, reason ?? (standing.kind === 'blocked' ? TIED : UNREACHABLE));
    return true;
  }

  /** The same for one that is known to be garbage to which nothing refers. */
  condemn({ type, key }: Node): void {
    const collector = this.world.collectors.get(type)?.collector;
    if (collector !== undefined) this.#condemn({ type, key }, collector, UNREACHABLE);
  }

  /** Deletes a record with all that collection has of it. */
  finish(node: Node): void {
    const collector = this.world.collectors.get(node.type)?.collector;
    if (collector === undefined) return;
    const why = readCondemned(this.#tx, node)?.reason ?? 'it was condemned';
    deleteCondemned(this.#tx, node);
    this.#erase(node, collector, why);
  }

  #erase(node: Node, collector: Collector, reason: string): void {
    const references = [...collector.references(this.#tx, node.key), ...this.#labelled(node)];
    unlinkNode(this.#tx, node);
    if (this.world.labels.isUsed) dropReferences(this.#tx, node);
    collector.finish(this.#tx, node.key);
    this.step.removed.push({ namespace: this.#tx.namespace, type: node.type, key: node.key, reason });
    for (const reference of references) this.#following.push([reference, node]);
  }

  #labelled(node: Node): readonly Node[] {
    const { labels, views } = this.world;
    return labels.isUsed ? [...labelledReferences(views.root, node), ...labelledReferences(views.state, node)] : [];
  }

  /** Condemns what only those kept alive that went. What is too much for one transaction, or in the other store, is for later. */
  follow(): void {
    let handled = 0;
    // The list grows on the way: what goes here has kept others alive.
    for (const [node, gone] of this.#following) {
      const store = this.world.collectors.get(node.type)?.collector.store;
      if (store === undefined) continue;
      if (store !== this.#tx.store || (handled++ >= AT_LEAST && this.isOver())) this.step.later.push(node);
      else this.condemnIfDead(node, `${nodeName(gone)} is gone, and nothing else keeps it`);
    }
  }

  #condemn(node: Node, collector: Collector, reason: string): void {
    collector.condemn(this.#tx, node.key);
    if (collector.cleanup === undefined) {
      this.#erase(node, collector, reason);
      return;
    }
    writeCondemned(this.#tx, node, { since: new Date(this.world.now).toISOString(), reason, attempts: 0 });
    this.step.condemned.push({ type: node.type, key: node.key, reason });
  }

  /** Condemns the garbage whose labels refer to a node in the same transaction where it can, so that nobody can take it up again. */
  #condemnTies(node: Node, ties: readonly Node[], tied: Set<string>): boolean {
    if (tied.size >= MAX_TIES) return false;
    tied.add(nodeName(node));
    return ties.every((tie) => {
      if (tied.has(nodeName(tie))) return true;
      const store = this.world.collectors.get(tie.type)?.collector.store;
      if (store === undefined) return false;
      return isCondemned(this.world.views[store], tie) || this.condemnIfDead(tie, undefined, tied) || this.#followsLater(tie, store, tied);
    });
  }

  /**
   * Whether a tie is garbage that may go after the node it refers to. It is where the tie is in the other store, since no
   * transaction is of both, and where it waits for that very node to be finished: each would else wait for the other for ever.
   */
  #followsLater(tie: Node, store: StoreName, tied: Set<string>): boolean {
    const standing = standingOf(this.world, tie);
    if (store !== this.#tx.store) return standing.kind === 'eligible' || standing.kind === 'blocked';
    if (standing.kind !== 'blocked' || standing.by.length === 0) return false;
    return standing.by.every((referrer) => tied.has(nodeName(referrer))) && this.#condemnTies(tie, standing.ties, tied);
  }
}
