import type { Node } from '../gc/gc.ts';
import { nodeName, parseNode } from '../gc/node.ts';
import type { JsonObject } from '../json.ts';
import { type ListOptions, type Page, readFilters, readPage } from '../metadata/listing.ts';
import type { Snapshot, Snapshots, Snapshotter, SnapshotType, SnapshotUsage, UsageScope, WalkOptions } from '../metadata/snapshots.ts';
import type { BackedSnapshotter, BackedType } from '../metadata/snapshot-backend.ts';
import type { ReadTransaction } from '../metadata/store.ts';
import { type Counter, type Metrics, silentMetrics } from '../telemetry/metrics.ts';
import { type BackedDependencies, StoreBackedSnapshotter } from './backed-snapshotter.ts';
import { snapshotErrors } from './errors.ts';
import { snapshotCollector } from './snapshot-collector.ts';
import { readAllRecords, readRecord, recordUsage, toSnapshot } from './snapshot-records.ts';
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
  readonly #backed = new Map<string, BackedSnapshotter>();

  constructor(core: SnapshotDependencies) {
    this.#core = core;
    const { metrics = silentMetrics } = core;
    const labels = ['type', 'change'];
    this.#changes = metrics.counter({ name: 'hawser_snapshots_changes_total', help: 'Changes to snapshots.', labels });
  }

  open<D extends JsonObject>(definition: SnapshotType<D>): Snapshotter<D> & Disposable {
    const { type } = definition;
    const snapshotter = new TypedSnapshotter(definition, { ...this.#core, clock: this.#core.context.clock }, this.#changes);
    const isOpen = (other: string): boolean => this.#open.has(other);
    const { metadata, gc } = this.#core;
    const registration = gc.register(snapshotCollector({ definition, snapshotter, metadata, isOpen }));
    this.#open.add(type);
    const close = () => {
      this.#open.delete(type);
      registration[Symbol.dispose]();
    };
    return Object.assign(snapshotter, { [Symbol.dispose]: close });
  }

  openBacked(type: BackedType): BackedSnapshotter {
    const snapshotter = new StoreBackedSnapshotter(type, { ...this.#core, snapshots: this }, () => this.#backed.delete(type.type));
    this.#backed.set(type.type, snapshotter);
    return snapshotter;
  }

  async usage(node: Node, { store, ...scope }: UsageScope): Promise<SnapshotUsage> {
    scope.signal.throwIfAborted();
    const record = this.#core.metadata.read(store, (tx) => readRecord(tx, node), scope);
    if (record === undefined) throw snapshotErrors.notFound(`there is no ${nodeName(node)}`, { details: { ...node } });
    return this.#backed.get(node.type)?.usage(node.key, scope) ?? recordUsage(record);
  }

  *list(tx: ReadTransaction): Iterable<Snapshot> {
    for (const [name, record] of readAllRecords(tx)) {
      const node = parseNode(name);
      if (node !== undefined) yield toSnapshot(tx.namespace, node, record);
    }
  }

  async *walk({ store, namespace, filters = [], signal, batch = WALK_BATCH }: WalkOptions): AsyncIterable<Snapshot> {
    const scope = namespace === undefined ? {} : { namespace };
    const parsed = readFilters(filters);
    let after: string | undefined;
    do {
      signal.throwIfAborted();
      const options = { filters: parsed, limit: batch, scan: WALK_SCAN, ...(after === undefined ? {} : { after }) };
      const { items, next } = this.#core.metadata.read(store, (tx) => this.page(tx, options), scope);
      yield* items;
      after = next;
      if (after !== undefined) await new Promise(setImmediate);
    } while (after !== undefined);
  }

  page(tx: ReadTransaction, options?: ListOptions): Page<Snapshot> {
    return readPage(snapshotListing(tx), options);
  }
}
