import { isExpired, readProtected } from '../leases/lease-records.ts';
import { FLAT_LABEL } from '../leases/expiry.ts';
import type { ReadTransaction } from '../metadata/store.ts';
import { listCondemned } from './condemned.ts';
import { factsOf } from './facts.ts';
import type { Collector, NamespacedNode, NodeFacts } from './gc.ts';
import { Graph } from './graph.ts';
import { expiryOf, keptByLabels } from './labels.ts';
import { isYoung, type World } from './liveness.ts';
import { nodeName, parseNode } from './node.ts';
import type { Pace } from './pace.ts';
import { allReferences } from './references.ts';

export interface Garbage extends NamespacedNode {
  /** Nothing that exists refers to it, dead or alive. */
  readonly alone: boolean;
  /** Those go first that nothing refers to. */
  readonly rank: number;
}

/** What a mark found. Condemned nodes are in neither list: their way is decided. */
export interface Marking {
  /** Nodes that exist, and those of them that live. */
  readonly nodes: number;
  readonly live: number;
  /** In an order in which they can go. */
  readonly garbage: readonly Garbage[];
  /** Garbage that nothing can free, because it refers to itself by way of others. */
  readonly circular: readonly NamespacedNode[];
  /** When something next stops being kept by time alone. */
  readonly nextExpiry: number | undefined;
}

/** The earlier of two times of which the second counts only when it is still to come. */
export function earlier(known: number | undefined, at: number | undefined, now: number): number | undefined {
  if (at === undefined || Number.isNaN(at) || at <= now) return known;
  return known === undefined ? at : Math.min(known, at);
}

/** Marks one namespace, in slices. Throws what a collector throws: then nothing is known. */
export async function mark(world: World, pace: Pace): Promise<Marking> {
  const marker = new Marker(world, pace);
  return await marker.mark();
}

class Marker {
  readonly #world: World;
  readonly #pace: Pace;
  readonly #graph = new Graph();
  /** Those that there are as it begins: their positions stand for their types, whichever come and go meanwhile. */
  readonly #collectors: readonly Collector[];
  #nextExpiry: number | undefined;

  constructor(world: World, pace: Pace) {
    this.#world = world;
    this.#pace = pace;
    this.#collectors = [...world.collectors];
  }

  async mark(): Promise<Marking> {
    const { views } = this.#world;
    for (const tx of [views.root, views.state]) {
      await this.#readCondemned(tx);
      await this.#readLeases(tx);
      await this.#readReferences(tx);
    }
    for (const [number, collector] of this.#collectors.entries()) if (this.#isThere(collector)) await this.#readType(collector, number);
    await this.#graph.mark(this.#pace);
    const { nodes, live } = this.#graph;
    return { nodes, live, ...(await this.#findGarbage()), nextExpiry: this.#nextExpiry };
  }

  async #readCondemned(tx: ReadTransaction): Promise<void> {
    for (const [node] of listCondemned(tx)) {
      this.#graph.condemned(nodeName(node));
      await this.#unit();
    }
  }

  async #readLeases(tx: ReadTransaction): Promise<void> {
    const { now, collectors } = this.#world;
    let kept: { readonly flat: boolean } | undefined;
    for (const found of readProtected(tx)) {
      if ('lease' in found) {
        const { lease } = found;
        kept = isExpired(lease, now) ? undefined : { flat: lease.labels[FLAT_LABEL] !== undefined };
        if (kept !== undefined && lease.expiresAt !== undefined) this.#expires(Date.parse(lease.expiresAt));
      } else if (kept !== undefined && collectors.get(found.resource.type)?.collector.store === tx.store)
        this.#graph.keep(nodeName(found.resource), kept.flat); // a lease protects what is in its own store
      await this.#unit();
    }
  }

  /** What a type without a collector refers to can't be known to be free. */
  async #readReferences(tx: ReadTransaction): Promise<void> {
    for (const { from, to } of allReferences(tx)) {
      const type = parseNode(from)?.type;
      if (type !== undefined && this.#world.collectors.get(type) === undefined) this.#graph.unknown(from);
      this.#graph.refer(from, to, true);
      await this.#unit();
    }
  }

  async #readType(collector: Collector, number: number): Promise<void> {
    const { views, now, types } = this.#world;
    const held = types.holds(collector.type);
    const prefix = `${collector.type}/`;
    for (const facts of factsOf(collector, views[collector.store], now)) {
      const name = prefix + facts.key;
      this.#graph.node(name, number, held || this.#isRoot(facts));
      for (const reference of facts.references ?? []) this.#graph.refer(name, reference, false);
      await this.#unit();
    }
  }

  #isRoot({ root = false, expiresAt, labels, createdAt }: NodeFacts): boolean {
    const { now, protectMs } = this.#world;
    this.#expires(expiresAt);
    if (labels !== undefined) this.#expires(expiryOf(labels));
    if (root || (labels !== undefined && keptByLabels(labels, now))) return true;
    if (!isYoung(createdAt, now, protectMs)) return false;
    this.#expires((createdAt ?? now) + protectMs);
    return true;
  }

  /** Names are not in the graph: where there is garbage, the keys of its types are read again. */
  async #findGarbage(): Promise<Pick<Marking, 'garbage' | 'circular'>> {
    const { views } = this.#world;
    const { namespace } = views.state;
    const garbage: Garbage[] = [];
    const circular: NamespacedNode[] = [];
    for (const [number, collector] of this.#collectors.entries()) {
      if (!this.#graph.deadTypes.has(number) || !this.#isThere(collector)) continue;
      const { type, store } = collector;
      for (const key of collector.keys(views[store])) {
        const found = this.#graph.garbage(`${type}/${key}`);
        if (found?.circular === true) circular.push({ namespace, type, key });
        if (found !== undefined)
          garbage.push({ namespace, type, key, alone: found.alone, rank: found.circular ? Number.POSITIVE_INFINITY : found.rank });
        await this.#unit();
      }
    }
    garbage.sort((one, other) => (one.rank === other.rank ? 0 : one.rank - other.rank));
    return { garbage, circular };
  }

  #expires(at: number | undefined): void {
    this.#nextExpiry = earlier(this.#nextExpiry, at, this.#world.now);
  }

  /** Whoever has gone is asked nothing more. */
  #isThere(collector: Collector): boolean {
    return this.#world.collectors.get(collector.type)?.collector === collector;
  }

  #unit(): Promise<void> | undefined {
    return this.#pace.isOver() ? this.#pace.rest() : undefined;
  }
}
