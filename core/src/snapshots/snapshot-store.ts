import type { Collector, Node } from '../gc/gc.ts';
import { parseNode } from '../gc/node.ts';
import type { JsonObject } from '../json.ts';
import { type ListOptions, type Page, readPage } from '../metadata/listing.ts';
import type { Snapshot, Snapshots, Snapshotter, SnapshotType, WalkOptions } from '../metadata/snapshots.ts';
import type { BackedSnapshotter, BackedType } from '../metadata/snapshot-backend.ts';
import type { ReadTransaction } from '../metadata/store.ts';
import { type Counter, type Metrics, silentMetrics } from '../telemetry/metrics.ts';
import { type BackedDependencies, StoreBackedSnapshotter } from './backed-snapshotter.ts';
import { expiryOf, keptByLabels } from './labels.ts';
import { hasRecord, readChildren, readRecord, readRecords, toSnapshot } from './snapshot-records.ts';
import { snapshotListing } from './snapshot-listing.ts';
import { type SnapshotterDependencies, TypedSnapshotter } from './typed-snapshotter.ts';

export interface SnapshotDependencies extends Omit<BackedDependencies, 'snapshots'> {
  readonly gc: SnapshotterDependencies['gc'] & BackedDependencies['gc'];
  readonly metrics?: Metrics;
}

const WALK_BATCH = 250;
/** Records read in one go, whether they are meant or not: some milliseconds. */
const WALK_SCAN = 1_000;

/** All types of snapshots, and their part in garbage collection. */
export class SnapshotStore implements Snapshots {
  readonly #core: SnapshotDependencies;
  readonly #changes: Counter;
  readonly #open = new Set<string>();

  constructor(core: SnapshotDependencies) {
    this.#core = core;
    const { metrics = silentMetrics } = core;
    const labels = ['type', 'change'];
    this.#changes = metrics.counter({ name: 'hawser_snapshots_changes_total', help: 'Changes to snapshots.', labels });
  }

  open<D extends JsonObject>(definition: SnapshotType<D>): Snapshotter<D> & Disposable {
    const { type } = definition;
    const snapshotter = new TypedSnapshotter(definition, { ...this.#core, clock: this.#core.context.clock }, this.#changes);
    const registration = this.#core.gc.register(this.#collector(definition, snapshotter));
    this.#open.add(type);
    const close = () => {
      this.#open.delete(type);
      registration[Symbol.dispose]();
    };
    return Object.assign(snapshotter, { [Symbol.dispose]: close });
  }

  openBacked(type: BackedType): BackedSnapshotter {
    return new StoreBackedSnapshotter(type, { ...this.#core, snapshots: this });
  }

  *list(tx: ReadTransaction): Iterable<Snapshot> {
    for (const [name, record] of readRecords(tx)) {
      const node = parseNode(name);
      if (node !== undefined) yield toSnapshot(tx.namespace, node, record);
    }
  }

  async *walk({ store, namespace, filters = [], signal, batch = WALK_BATCH }: WalkOptions): AsyncIterable<Snapshot> {
    const scope = namespace === undefined ? {} : { namespace };
    let after: string | undefined;
    do {
      signal.throwIfAborted();
      const options = { filters, limit: batch, scan: WALK_SCAN, ...(after === undefined ? {} : { after }) };
      const { items, next } = this.#core.metadata.read(store, (tx) => this.page(tx, options), scope);
      yield* items;
      after = next;
      if (after !== undefined) await new Promise(setImmediate);
    } while (after !== undefined);
  }

  page(tx: ReadTransaction, options?: ListOptions): Page<Snapshot> {
    return readPage(snapshotListing(tx), options);
  }

  #collector<D extends JsonObject>({ type, store, cleanup }: SnapshotType<D>, snapshotter: TypedSnapshotter<D>): Collector {
    const nodeOf = (key: string): Node => ({ type, key });
    const { metadata } = this.#core;
    return {
      type,
      store,
      keys: (tx) => Array.from(snapshotter.walk(tx), ({ key }) => key),
      has: (tx, key) => hasRecord(tx, nodeOf(key)),
      isRoot: (tx, key, now) => this.#isRoot(tx, nodeOf(key), now),
      expiry: (tx, key) => expiryOf(readRecord(tx, nodeOf(key))?.labels ?? {}),
      references: (tx, key) => (readRecord(tx, nodeOf(key))?.parents ?? []).map(parseNode).filter((node) => node !== undefined),
      referrers: (tx, node) => (tx.store === store ? Array.from(readChildren(tx, node, type), (name) => name.slice(type.length + 1)) : []),
      condemn: () => {}, // the list of condemned nodes is what snapshotters ask
      finish(tx, key) {
        const record = readRecord(tx, nodeOf(key));
        if (record !== undefined) snapshotter.erase(tx, key, record);
      },
      ...(cleanup === undefined
        ? {}
        : {
            cleanup: async (key, signal) => {
              const snapshot = metadata.read(store, (tx) => snapshotter.get(tx, key));
              return snapshot && cleanup(snapshot, signal);
            },
          }),
    };
  }

  /** What a type stands on that no plugin has opened can't be known to be free: it counts as a root. */
  #isRoot(tx: ReadTransaction, node: Node, now: number): boolean {
    const record = readRecord(tx, node);
    if (record === undefined) return false;
    if (keptByLabels(record.labels, now)) return true;
    for (const child of readChildren(tx, node)) if (!this.#open.has(parseNode(child)?.type ?? '')) return true;
    return false;
  }
}
