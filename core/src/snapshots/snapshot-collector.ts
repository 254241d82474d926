import type { Collector, Node, NodeFacts } from '../gc/gc.ts';
import { expiryOf, keptByLabels } from '../gc/labels.ts';
import { parseNode } from '../gc/node.ts';
import type { JsonObject } from '../json.ts';
import type { SnapshotType } from '../metadata/snapshots.ts';
import type { Metadata, ReadTransaction } from '../metadata/store.ts';
import { readChildren, readKeys, readRecord, readRecords, readTypes } from './snapshot-records.ts';
import type { TypedSnapshotter } from './typed-snapshotter.ts';

export interface SnapshotCollectorPorts<D extends JsonObject> {
  readonly definition: SnapshotType<D>;
  readonly snapshotter: TypedSnapshotter<D>;
  readonly metadata: Pick<Metadata, 'read'>;
  /** Whether a plugin has opened a type. */
  readonly isOpen: (type: string) => boolean;
}

/**
 * What garbage collection is told of one type of snapshots. What stands under a snapshot of a type that no plugin has
 * opened counts as a root: the links to its children tell, so that nothing else needs to be held back for its sake.
 */
export function snapshotCollector<D extends JsonObject>({
  definition,
  snapshotter,
  metadata,
  isOpen,
}: SnapshotCollectorPorts<D>): Collector {
  const { type, store, cleanup } = definition;
  const nodeOf = (key: string): Node => ({ type, key });
  const bearsUnopened = (tx: ReadTransaction, node: Node): boolean => {
    for (const child of readChildren(tx, node)) if (!isOpen(parseNode(child)?.type ?? '')) return true;
    return false;
  };
  return {
    type,
    store,
    refersTo: [],
    keys: (tx) => readKeys(tx, type),
    has: (tx, key) => readRecord(tx, nodeOf(key)) !== undefined, // whoever asks goes on to what it says
    *scan(tx): Iterable<NodeFacts> {
      const allOpen = readTypes(tx).every(isOpen);
      for (const [name, { labels, createdAt, parents }] of readRecords(tx, `${type}/`)) {
        const key = name.slice(type.length + 1);
        yield { key, root: !allOpen && bearsUnopened(tx, nodeOf(key)), labels, createdAt: Date.parse(createdAt), references: parents };
      }
    },
    isRoot(tx, key, now) {
      const record = readRecord(tx, nodeOf(key));
      return record !== undefined && (keptByLabels(record.labels, now) || bearsUnopened(tx, nodeOf(key)));
    },
    expiry: (tx, key) => expiryOf(readRecord(tx, nodeOf(key))?.labels ?? {}),
    createdAt: (tx, key) => Date.parse(readRecord(tx, nodeOf(key))?.createdAt ?? ''),
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
          cleanup: async (key, signal, namespace) => {
            const snapshot = metadata.read(store, (tx) => snapshotter.get(tx, key), { namespace });
            return snapshot && cleanup(snapshot, signal);
          },
        }),
  };
}
