import type { ReadTransaction } from '../metadata/store.ts';
import type { Collector, NodeFacts } from './gc.ts';
import { nodeName } from './node.ts';

/** What a type's nodes say of themselves: in one pass where it can, else node by node. */
export function* factsOf(collector: Collector, tx: ReadTransaction, now: number): Iterable<NodeFacts> {
  if (collector.scan !== undefined) {
    yield* collector.scan(tx, now);
    return;
  }
  for (const key of collector.keys(tx)) {
    yield {
      key,
      root: collector.isRoot(tx, key, now),
      expiresAt: collector.expiry?.(tx, key),
      labels: collector.labels?.(tx, key),
      createdAt: collector.createdAt?.(tx, key),
      references: Array.from(collector.references(tx, key), nodeName),
    };
  }
}
