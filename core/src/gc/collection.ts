import type { Events } from '../events/events.ts';
import { deleteLease, isExpired, readLeases, unlinkNode } from '../leases/lease-records.ts';
import type { Metadata, StoreName, Transaction } from '../metadata/store.ts';
import type { Collectors } from './collectors.ts';
import { deleteCondemned, isCondemned, listCondemned, readCondemned, writeCondemned } from './condemned.ts';
import type { Collector, Node } from './gc.ts';
import { type Standing, standingOf, type Views, type World } from './liveness.ts';
import { earlier, mark, type Marking, readGraph } from './mark.ts';

/** What one transaction did: nodes that are gone, nodes whose clean-up begins, nodes of the other store to look at. */
export interface Step {
  readonly removed: Node[];
  readonly condemned: Node[];
  readonly elsewhere: Node[];
}

interface Sentence {
  readonly node: Node;
  readonly collector: Collector;
  readonly reason: string;
}

export interface CollectionPorts {
  readonly metadata: Metadata;
  readonly events: Pick<Events, 'publish'>;
  readonly collectors: Collectors;
  readonly now: () => number;
}

function isNewGarbage(world: World, node: Node): boolean {
  const store = world.collectors.get(node.type)?.collector.store;
  if (store === undefined || isCondemned(world.views[store], node)) return false;
  const standing = standingOf(world, node);
  if (standing.kind !== 'blocked') return standing.kind === 'eligible';
  // What only condemned nodes refer to follows them by itself.
  return standing.by.some((referrer) => !isCondemnedAnywhere(world, referrer));
}

function isCondemnedAnywhere({ collectors, views }: World, node: Node): boolean {
  const store = collectors.get(node.type)?.collector.store;
  return store !== undefined && isCondemned(views[store], node);
}

const other = (store: StoreName): StoreName => (store === 'root' ? 'state' : 'root');

/** Garbage collection's reads and writes: what is decided and what is written in one transaction each. */
export class Collection {
  readonly #ports: CollectionPorts;

  constructor(ports: CollectionPorts) {
    this.#ports = ports;
  }

  /** Marks everything; throws when one collector can't answer. */
  mark(): Marking {
    const { metadata } = this.#ports;
    return metadata.read('root', (root) =>
      metadata.read('state', (state) => {
        const world = this.#world({ root, state });
        const { graph, nextExpiry } = readGraph(world);
        return { ...mark(graph), nextExpiry: this.#leaseExpiry(world, nextExpiry) };
      }),
    );
  }

  /** Whether one of these nodes is garbage of which the way is not decided yet. */
  isGarbageAmong(nodes: readonly Node[]): boolean {
    const { metadata } = this.#ports;
    return metadata.read('root', (root) =>
      metadata.read('state', (state) => {
        const world = this.#world({ root, state });
        return nodes.some((node) => isNewGarbage(world, node));
      }),
    );
  }

  /** Condemned nodes of both stores with their records. */
  condemned(type?: string) {
    const { metadata } = this.#ports;
    return metadata.read('root', (root) =>
      metadata.read('state', (state) => [...listCondemned(root, type), ...listCondemned(state, type)]),
    );
  }

  isCondemned(store: StoreName, node: Node): boolean {
    return this.#ports.metadata.read(store, (tx) => isCondemned(tx, node));
  }

  /** Condemns what is still garbage now, of one store, with what follows from it. */
  condemn(store: StoreName, nodes: readonly (Node & { readonly reason: string })[]): Promise<Step> {
    return this.#write(store, (tx, world, step) => {
      for (const { reason, ...node } of nodes) this.#condemnIfEligible(tx, world, step, node, reason);
      return step;
    });
  }

  /** Condemns one node if it is garbage that nothing refers to; else says where it stands. */
  condemnOne(store: StoreName, node: Node): Promise<{ readonly standing: Standing; readonly step: Step }> {
    return this.#write(store, (tx, world, step) => {
      const standing = standingOf(world, node);
      const collector = world.collectors.get(node.type)?.collector;
      if (standing.kind === 'eligible' && collector?.store === store && !isCondemned(tx, node))
        this.#condemn(tx, world, step, { node, collector, reason: 'it was asked for' });
      return { standing, step };
    });
  }

  /** The same for one node inside of a caller's transaction. */
  condemnWithin(tx: Transaction, node: Node): Step {
    return this.#within(tx, (world, step) => {
      this.#condemnIfEligible(tx, world, step, node, 'it was asked for');
      return step;
    });
  }

  /** Deletes a condemned node's record with its entry, and condemns what only it kept alive; `done` runs as that is committed. */
  finish(store: StoreName, node: Node, done: () => void): Promise<Step> {
    return this.#write(store, (tx, world, step) => {
      this.#finish(tx, world, step, node);
      tx.afterCommit(done);
      return step;
    });
  }

  /** Takes a failed clean-up down in the list. */
  async failed(store: StoreName, node: Node, lastError: string): Promise<void> {
    const { metadata, events } = this.#ports;
    await metadata.write(store, (tx) => {
      const record = readCondemned(tx, node);
      if (record === undefined) return;
      const attempts = record.attempts + 1;
      writeCondemned(tx, node, { ...record, attempts, lastError });
      events.publish(tx, { topic: '/gc/failed', data: { ...node, attempts, error: lastError } });
    });
  }

  /** Deletes the leases that have run out. */
  async expireLeases(): Promise<void> {
    const { metadata, events, now } = this.#ports;
    for (const store of ['root', 'state'] as const) {
      const expired = metadata.read(store, (tx) => Array.from(readLeases(tx)).filter((lease) => isExpired(lease, now())));
      if (expired.length === 0) continue;
      await metadata.write(store, (tx) => {
        for (const lease of readLeases(tx)) {
          if (!isExpired(lease, now())) continue; // renewed since
          deleteLease(tx, lease.id);
          events.publish(tx, { topic: '/leases/deleted', data: { id: lease.id, store, reason: 'expired' } });
        }
      });
    }
  }

  #write<T>(store: StoreName, fn: (tx: Transaction, world: World, step: Step) => T): Promise<T> {
    return this.#ports.metadata.write(store, (tx) => this.#within(tx, (world, step) => fn(tx, world, step)));
  }

  #within<T>(tx: Transaction, fn: (world: World, step: Step) => T): T {
    return this.#ports.metadata.read(other(tx.store), (second) => {
      const views: Views = tx.store === 'root' ? { root: tx, state: second } : { root: second, state: tx };
      return fn(this.#world(views), { removed: [], condemned: [], elsewhere: [] });
    });
  }

  #condemnIfEligible(tx: Transaction, world: World, step: Step, node: Node, reason: string): void {
    const collector = world.collectors.get(node.type)?.collector;
    if (collector === undefined || collector.store !== tx.store || isCondemned(tx, node)) return;
    if (standingOf(world, node).kind === 'eligible') this.#condemn(tx, world, step, { node, collector, reason });
  }

  #condemn(tx: Transaction, world: World, step: Step, { node, collector, reason }: Sentence): void {
    collector.condemn(tx, node.key);
    if (collector.cleanup === undefined) {
      this.#finish(tx, world, step, node);
      return;
    }
    writeCondemned(tx, node, { since: new Date(world.now).toISOString(), reason, attempts: 0 });
    step.condemned.push(node);
  }

  #finish(tx: Transaction, world: World, step: Step, node: Node): void {
    const collector = world.collectors.get(node.type)?.collector;
    if (collector === undefined) return;
    const references = [...collector.references(tx, node.key)];
    deleteCondemned(tx, node);
    unlinkNode(tx, node);
    collector.finish(tx, node.key);
    step.removed.push(node);
    for (const reference of references) {
      const store = world.collectors.get(reference.type)?.collector.store;
      if (store === tx.store)
        this.#condemnIfEligible(tx, world, step, reference, `${node.type}/${node.key} is gone, and nothing else keeps it`);
      else if (store !== undefined) step.elsewhere.push(reference);
    }
  }

  #leaseExpiry({ views, now }: World, known: number | undefined): number | undefined {
    let next = known;
    for (const tx of [views.root, views.state]) {
      for (const { expiresAt } of readLeases(tx)) if (expiresAt !== undefined) next = earlier(next, Date.parse(expiresAt), now);
    }
    return next;
  }

  #world(views: Views): World {
    return { collectors: this.#ports.collectors, views, now: this.#ports.now() };
  }
}
