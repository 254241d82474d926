/**
 * The durable list of condemned nodes, in the store of each.
 *
 * ```
 * gc_condemned/<type>/<key> → CondemnedRecord
 * ```
 */
import { isJsonObject } from '../json.ts';
import { type Collection, defineCollection, type ReadTransaction, type StoreName, type Transaction } from '../metadata/store.ts';
import type { NamespacedNode, Node } from './gc.ts';
import { nodeName, parseNode } from './node.ts';

export type CondemnedRecord = {
  /** RFC 3339, UTC. */
  readonly since: string;
  readonly reason: string;
  /** Clean-ups that failed. */
  readonly attempts: number;
  readonly lastError?: string;
};

const isCondemnedRecord = (value: unknown): value is CondemnedRecord =>
  isJsonObject(value) &&
  typeof value['since'] === 'string' &&
  typeof value['reason'] === 'string' &&
  typeof value['attempts'] === 'number' &&
  (value['lastError'] === undefined || typeof value['lastError'] === 'string');

const COLLECTIONS: Readonly<Record<StoreName, Collection<CondemnedRecord>>> = {
  root: defineCollection('root', 'gc_condemned', isCondemnedRecord),
  state: defineCollection('state', 'gc_condemned', isCondemnedRecord),
};
/** For checks. */
export { COLLECTIONS as CONDEMNED };
/** Stands for a record that can't be read: that there is one condemns the node, the rest is only told. */
const DAMAGED: CondemnedRecord = {
  since: '1970-01-01T00:00:00.000Z',
  reason: 'it was condemned; the record of that is damaged',
  attempts: 0,
};

export function readCondemned(tx: ReadTransaction, node: Node): CondemnedRecord | undefined {
  const start = nodeName(node);
  for (const [, record] of tx.entries(COLLECTIONS[tx.store], { start, end: `${start}\0` }, DAMAGED)) return record;
  return undefined;
}

export const isCondemned = (tx: ReadTransaction, node: Node): boolean => tx.has(COLLECTIONS[tx.store], nodeName(node));

/** Those of the transaction's namespace. */
export function* listCondemned(tx: ReadTransaction): Iterable<readonly [node: Node, record: CondemnedRecord]> {
  for (const [name, record] of tx.entries(COLLECTIONS[tx.store], {}, DAMAGED)) {
    const node = parseNode(name);
    if (node !== undefined) yield [node, record];
  }
}

/** The same without their records. */
export function* condemnedNodes(tx: ReadTransaction): Iterable<Node> {
  for (const name of tx.keys(COLLECTIONS[tx.store])) {
    const node = parseNode(name);
    if (node !== undefined) yield node;
  }
}

/** Those of every namespace. */
export function* condemnedOf(tx: ReadTransaction): Iterable<readonly [node: NamespacedNode, record: CondemnedRecord]> {
  for (const namespace of tx.namespaces())
    for (const [node, record] of listCondemned(tx.in(namespace))) yield [{ namespace, ...node }, record];
}

export function writeCondemned(tx: Transaction, node: Node, record: CondemnedRecord): void {
  tx.put(COLLECTIONS[tx.store], nodeName(node), record);
}

export function deleteCondemned(tx: Transaction, node: Node): void {
  tx.delete(COLLECTIONS[tx.store], nodeName(node));
}

/** Names that are no nodes: no collector is asked for them, so that nothing ever takes them off the list. */
export function* malformedCondemned(tx: ReadTransaction): Iterable<string> {
  for (const name of tx.keys(COLLECTIONS[tx.store])) if (parseNode(name) === undefined) yield name;
}
