import type { Clock } from '../context/index.ts';
import type { EventInput, Events } from '../events/events.ts';
import type { Metadata, StoreName, Transaction } from '../metadata/store.ts';
import type { Collectors } from './collectors.ts';
import { condemnedOf, isCondemned, readCondemned, writeCondemned } from './condemned.ts';
import { explain } from './explain.ts';
import type { NamespacedNode, Node } from './gc.ts';
import type { KnownTypes } from './known-types.ts';
import type { LabelUse } from './label-use.ts';
import { type Standing, standingOf, type Views, type World } from './liveness.ts';
import { earlier, type Garbage, mark, type Marking } from './mark.ts';
import type { Pace } from './pace.ts';
import { Sentencing, type Step } from './sentencing.ts';
import { Undisturbed } from './undisturbed.ts';

export interface CollectionPorts {
  readonly metadata: Metadata;
  readonly events: Pick<Events, 'publish'>;
  readonly collectors: Collectors;
  readonly types: KnownTypes;
  readonly labels: LabelUse;
  readonly clock: Pick<Clock, 'now' | 'monotonic'>;
  /** How long one transaction may decide, where writing it takes no longer. */
  readonly sliceMs: number;
  /** Called after each commit of a transaction of collection's own. */
  readonly committed: () => void;
}

/** Nodes that one transaction decides about at most, and those for which a sweep waits for no other, however busy the machine is. */
const BATCH = 200;
const AT_LEAST = 32;
/** Another writer waits for a sweep's transaction to be decided and written: for so many slices at most, if the disk is fast enough. */
const WAIT_SLICES = 4.5;
/** Where the disk is too slow for that it is asked less often: each transaction then decides for so many slices. */
const MOST_SLICES = 4;

/** Of one transaction's decisions. */
interface Bounds {
  /** How young a node is left alone. */
  readonly protectMs?: number;
  /** How long it may decide, where writing takes no longer. */
  readonly slices?: number;
}

const other = (store: StoreName): StoreName => (store === 'root' ? 'state' : 'root');

/** Garbage collection's reads and writes: what is decided and what is written in one transaction each. */
export class Collection {
  readonly #ports: CollectionPorts;
  /** How long the last transaction of each store was written. */
  readonly #writingMs: Record<StoreName, number> = { root: 0, state: 0 };

  constructor(ports: CollectionPorts) {
    this.#ports = ports;
  }

  /** Marks every namespace over one view; throws when one collector can't answer. `explained`: with the reason of each victim. */
  async mark(options: {
    readonly pace: Pace;
    readonly lifetime: AbortSignal;
    readonly protectMs: number;
    readonly explained?: boolean;
  }): Promise<Marking & { readonly reasons: readonly string[]; readonly undisturbed: Undisturbed }> {
    const { metadata, collectors } = this.#ports;
    const { pace, lifetime, protectMs, explained = false } = options;
    using root = metadata.view('root', lifetime);
    using state = metadata.view('state', lifetime);
    const undisturbed = new Undisturbed({ root, state }, collectors);
    let whole: Marking = { nodes: 0, live: 0, garbage: [], circular: [], nextExpiry: undefined };
    const reasons: string[] = [];
    const now = this.#ports.clock.now();
    for (const namespace of new Set([...root.namespaces(), ...state.namespaces()])) {
      const world = this.#world({ root: root.in(namespace), state: state.in(namespace) }, protectMs);
      const part = await mark(world, pace);
      whole = merged(whole, part, now);
      for (const node of explained ? part.garbage : []) {
        reasons.push(explain(world, node));
        if (pace.isOver()) await pace.rest();
      }
    }
    return { ...whole, reasons, undisturbed };
  }

  /** Whether one of these nodes is garbage of which the way is not decided yet. */
  isGarbageAmong(nodes: readonly NamespacedNode[]): boolean {
    return this.#read((views) => nodes.some((node) => isNewGarbage(this.#world(inNamespace(views, node.namespace)), node)));
  }

  /** Condemned nodes of both stores with their records. */
  condemned() {
    return this.#read(({ root, state }) => [...condemnedOf(root), ...condemnedOf(state)]);
  }

  isCondemned(store: StoreName, { namespace, ...node }: NamespacedNode): boolean {
    return this.#ports.metadata.read(store, (tx) => isCondemned(tx, node), { namespace });
  }

  /**
   * Condemns what is still garbage now, of one store and namespace, from the first on; what follows from it too, where
   * time is left. Says how many of them it came to: some at least. While the mark is undisturbed, what nothing referred to
   * is taken at its word; what others of the garbage refer to goes after them, and is looked at.
   */
  condemn(
    store: StoreName,
    nodes: readonly Garbage[],
    { undisturbed, ...bounds }: Required<Bounds> & { readonly undisturbed: Undisturbed },
  ): Promise<{ readonly step: Step; readonly done: number }> {
    const [first] = nodes;
    return this.#write({ store, namespace: first?.namespace, ...bounds }, (sentencing) => {
      const known = undisturbed.holdsIn(sentencing.world.views, store);
      let done = 0;
      for (const node of nodes) {
        if (done >= AT_LEAST && sentencing.isOver()) break;
        if (known && node.alone) sentencing.condemn(node);
        else sentencing.condemnIfDead(node);
        done++;
      }
      sentencing.follow();
      return { step: sentencing.step, done };
    });
  }

  /** Condemns one node if it is garbage that nothing refers to; else says where it stands. */
  condemnOne(store: StoreName, { namespace, ...node }: NamespacedNode): Promise<{ readonly standing: Standing; readonly step: Step }> {
    return this.#write({ store, namespace }, (sentencing) => {
      const standing = standingOf(sentencing.world, node);
      const condemned = sentencing.condemnIfDead(node, 'it was asked for');
      sentencing.follow();
      return { standing: condemned ? { kind: 'eligible' } : standing, step: sentencing.step };
    });
  }

  /** The same for one node inside of a caller's transaction. */
  condemnWithin(tx: Transaction, node: Node): Step {
    return this.#within(tx, {}, (sentencing) => {
      sentencing.condemnIfDead(node, 'it was asked for');
      sentencing.follow();
      return sentencing.step;
    });
  }

  /** Deletes a condemned node's record with its entry, and condemns what only it kept alive; `done` runs as that is committed. */
  finish(store: StoreName, { namespace, ...node }: NamespacedNode, done: () => void): Promise<Step> {
    return this.#write({ store, namespace }, (sentencing, tx) => {
      sentencing.finish(node);
      tx.afterCommit(done);
      sentencing.follow();
      return sentencing.step;
    });
  }

  /** Takes a failed clean-up down in the list. */
  async failed(store: StoreName, { namespace, ...node }: NamespacedNode, lastError: string): Promise<void> {
    const { metadata, events } = this.#ports;
    await metadata.write(
      store,
      (tx) => {
        const record = readCondemned(tx, node);
        if (record === undefined) return;
        const attempts = record.attempts + 1;
        writeCondemned(tx, node, { ...record, attempts, lastError });
        events.publish(tx, { topic: '/gc/failed', data: { ...node, attempts, error: lastError } });
        tx.afterCommit(this.#ports.committed);
      },
      { namespace },
    );
  }

  async tell(event: EventInput): Promise<void> {
    const { metadata, events, committed } = this.#ports;
    await metadata.write('state', (tx) => {
      events.publish(tx, event);
      tx.afterCommit(committed);
    });
  }

  #write<T>(
    { store, namespace, ...bounds }: Bounds & { readonly store: StoreName; readonly namespace: string | undefined },
    fn: (sentencing: Sentencing, tx: Transaction) => T,
  ): Promise<T> {
    const { metadata, clock, committed } = this.#ports;
    return metadata.write(
      store,
      (tx) => {
        const result = this.#within(tx, bounds, (sentencing) => fn(sentencing, tx));
        const decided = clock.monotonic();
        tx.afterCommit(() => {
          this.#writingMs[store] = clock.monotonic() - decided;
          committed();
        });
        return result;
      },
      namespace === undefined ? {} : { namespace },
    );
  }

  #within<T>(tx: Transaction, { protectMs = 0, slices = 1 }: Bounds, fn: (sentencing: Sentencing) => T): T {
    const { metadata, clock, sliceMs } = this.#ports;
    const ms = sliceMs * decidingSlices(slices, this.#writingMs[tx.store] / sliceMs);
    const read = (second: Views['root']): T => {
      const views: Views = tx.store === 'root' ? { root: tx, state: second } : { root: second, state: tx };
      return fn(new Sentencing({ tx, world: this.#world(views, protectMs), clock, limit: { nodes: BATCH, ms } }));
    };
    return metadata.read(other(tx.store), read, { namespace: tx.namespace });
  }

  #read<T>(fn: (views: Views) => T): T {
    const { metadata } = this.#ports;
    return metadata.read('root', (root) => metadata.read('state', (state) => fn({ root, state })));
  }

  #world(views: Views, protectMs = 0): World {
    const { collectors, types, labels, clock } = this.#ports;
    return { collectors, types, labels, views, now: clock.now(), protectMs };
  }
}

/** For how many slices a transaction decides: for as many as the last one took to be written, but so that nobody waits too long. */
export function decidingSlices(slices: number, writing: number): number {
  if (writing >= 2 * WAIT_SLICES) return MOST_SLICES;
  return Math.max(1, Math.min(Math.max(slices, writing), WAIT_SLICES - writing));
}

const inNamespace = ({ root, state }: Views, namespace: string): Views => ({ root: root.in(namespace), state: state.in(namespace) });

const merged = (whole: Marking, part: Marking, now: number): Marking => ({
  nodes: whole.nodes + part.nodes,
  live: whole.live + part.live,
  garbage: whole.garbage.length === 0 ? part.garbage : [...whole.garbage, ...part.garbage],
  circular: [...whole.circular, ...part.circular],
  nextExpiry: earlier(whole.nextExpiry, part.nextExpiry, now),
});

function isNewGarbage(world: World, node: Node): boolean {
  const store = world.collectors.get(node.type)?.collector.store;
  if (store === undefined || isCondemned(world.views[store], node)) return false;
  const standing = standingOf(world, node);
  if (standing.kind !== 'blocked') return standing.kind === 'eligible';
  // What only condemned nodes refer to follows them by itself.
  return [...standing.by, ...standing.ties].some((referrer) => !isCondemnedAnywhere(world, referrer));
}

function isCondemnedAnywhere({ collectors, views }: World, node: Node): boolean {
  const store = collectors.get(node.type)?.collector.store;
  return store !== undefined && isCondemned(views[store], node);
}
