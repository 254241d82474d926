import type { HawserError } from '../errors/index.ts';
import type { Node } from '../gc/gc.ts';
import { nodeName } from '../gc/node.ts';
import { isJsonObject, isTexts, type JsonObject } from '../json.ts';
import { keysByTerm, updateIndex } from '../metadata/indexes.ts';
import { pastPrefix } from '../metadata/key-order.ts';
import { SNAPSHOTS_BY_LABEL } from '../metadata/label-indexes.ts';
import { damagedRecord } from '../metadata/record.ts';
import type { Snapshot, SnapshotKind, SnapshotUsage } from '../metadata/snapshots.ts';
import { type Collection, defineCollection, type ReadTransaction, type StoreName, type Transaction } from '../metadata/store.ts';

/** What is stored under `type/key`; see metadata/snapshots.ts for the picture. */
export type SnapshotRecord<D extends JsonObject = JsonObject> = {
  readonly kind: SnapshotKind;
  readonly parents: readonly string[];
  readonly labels: Readonly<Record<string, string>>;
  readonly createdAt: string;
  readonly updatedAt: string;
  readonly data: D;
};

const isSnapshotRecord = (value: unknown): value is SnapshotRecord =>
  isJsonObject(value) &&
  (value['kind'] === 'committed' || value['kind'] === 'active' || value['kind'] === 'view') &&
  isNames(value['parents']) &&
  isTexts(value['labels']) &&
  typeof value['createdAt'] === 'string' &&
  typeof value['updatedAt'] === 'string' &&
  isJsonObject(value['data']);

function isNames(value: unknown): value is readonly string[] {
  if (!Array.isArray(value)) return false;
  for (const name of value) if (typeof name !== 'string') return false;
  return true;
}

const snapshotsOf = (store: StoreName): Collection<SnapshotRecord> => defineCollection(store, 'snapshots', isSnapshotRecord);
const childrenOf = (store: StoreName): Collection<Readonly<Record<string, never>>> => defineCollection(store, 'snapshot_children');

const SNAPSHOTS = { root: snapshotsOf('root'), state: snapshotsOf('state') };
const CHILDREN = { root: childrenOf('root'), state: childrenOf('state') };

/** The refusal of a record whose data are not what its type writes, or that has another fault. */
export const damagedSnapshot = (store: StoreName, namespace: string, node: Node, fault?: string): HawserError =>
  damagedRecord(SNAPSHOTS[store], { namespace, key: nodeName(node) }, fault);

export const readRecord = (tx: ReadTransaction, node: Node): SnapshotRecord | undefined => tx.get(SNAPSHOTS[tx.store], nodeName(node));

export const hasRecord = (tx: ReadTransaction, node: Node): boolean => tx.has(SNAPSHOTS[tx.store], nodeName(node));

/**
 * Names `type/key` with a prefix and their records, in order; from behind `after` on, which has it too, where that is told. `damaged`
 * stands for what can't be read.
 */
export function readRecords(
  tx: ReadTransaction,
  prefix: string,
  after?: string,
  damaged?: SnapshotRecord,
): Iterable<readonly [name: string, record: SnapshotRecord]> {
  const range = after === undefined ? { prefix } : { start: `${after}\0`, end: pastPrefix(prefix) };
  return tx.entries(SNAPSHOTS[tx.store], range, damaged);
}

/** Of all types, from behind the name `after` on. */
export const readAllRecords = (tx: ReadTransaction, after?: string): Iterable<readonly [name: string, record: SnapshotRecord]> =>
  tx.entries(SNAPSHOTS[tx.store], after === undefined ? {} : { start: `${after}\0` });

/** Names of all types, without reading the records. */
export const readAllNames = (tx: ReadTransaction): Iterable<string> => tx.keys(SNAPSHOTS[tx.store]);

/** Keys of one type, without reading the records. */
export function* readKeys(tx: ReadTransaction, type: string): Iterable<string> {
  for (const name of tx.keys(SNAPSHOTS[tx.store], { prefix: `${type}/` })) yield name.slice(type.length + 1);
}

/** Types of which there are snapshots: a seek each. */
export function readTypes(tx: ReadTransaction): readonly string[] {
  const types: string[] = [];
  let start = '';
  for (;;) {
    const [name] = tx.keys(SNAPSHOTS[tx.store], start === '' ? { limit: 1 } : { start, limit: 1 });
    if (name === undefined) return types;
    const slash = name.indexOf('/');
    if (slash > 0) types.push(name.slice(0, slash));
    // Right behind the slash, or behind a name that nothing of ours can have, which `db check` tells of.
    start = slash > 0 ? `${name.slice(0, slash)}0` : `${name}\0`;
  }
}

/** What a record takes by itself. */
export const recordUsage = (record: SnapshotRecord): SnapshotUsage => ({ bytes: Buffer.byteLength(JSON.stringify(record)), items: 1 });

/** `former` is what was there before. */
export function writeRecord(tx: Transaction, node: Node, record: SnapshotRecord, former?: SnapshotRecord): void {
  const name = nodeName(node);
  tx.put(SNAPSHOTS[tx.store], name, record);
  updateIndex(tx, SNAPSHOTS_BY_LABEL[tx.store], name, former, record);
}

/** Names of the snapshots that may have a label (`labelTerm`), in order, from behind `after` on. */
export const namesByLabel = (tx: ReadTransaction, term: string, after?: string): Iterable<string> =>
  keysByTerm(tx, SNAPSHOTS_BY_LABEL[tx.store], term, after);

/** Names of what stands on a snapshot, in order, from behind `after` on; a name or two that are not there may be among them. */
export function* namesByParent(tx: ReadTransaction, parent: string, after?: string): Iterable<string> {
  const prefix = `${parent}\0`;
  const range = after === undefined ? { prefix } : { start: `${prefix}${after}\0`, end: `${parent}\u0001` };
  for (const key of tx.keys(CHILDREN[tx.store], range)) yield key.slice(prefix.length);
}

export function linkParent(tx: Transaction, parent: string, child: Node): void {
  tx.put(CHILDREN[tx.store], `${parent}\0${nodeName(child)}`, {});
}

export const hasChildLink = (tx: ReadTransaction, parent: string, child: string): boolean =>
  tx.has(CHILDREN[tx.store], `${parent}\0${child}`);

export const deleteChildLink = (tx: Transaction, link: string): void => void tx.delete(CHILDREN[tx.store], link);

/** All links from parents to what stands on them, `<parent>\0<child>`. */
export const readChildLinks = (tx: ReadTransaction): Iterable<string> => tx.keys(CHILDREN[tx.store]);

/** Deletes a record with its links to its parents. */
export function deleteRecord(tx: Transaction, node: Node, record: SnapshotRecord): void {
  for (const parent of record.parents) tx.delete(CHILDREN[tx.store], `${parent}\0${nodeName(node)}`);
  tx.delete(SNAPSHOTS[tx.store], nodeName(node));
  updateIndex(tx, SNAPSHOTS_BY_LABEL[tx.store], nodeName(node), record, undefined);
}

/** Full names of what stands on a snapshot, whatever their type. */
export function* readChildren(tx: ReadTransaction, parent: Node, type?: string): Iterable<string> {
  const prefix = `${nodeName(parent)}\0`;
  for (const key of tx.keys(CHILDREN[tx.store], { prefix: type === undefined ? prefix : `${prefix}${type}/` }))
    yield key.slice(prefix.length);
}

/** Part by part: spreading a record takes several times as long, and it is on the way of every read. */
export const toSnapshot = (
  namespace: string,
  { type, key }: Node,
  { kind, parents, labels, createdAt, updatedAt, data }: SnapshotRecord,
): Snapshot => ({ type, key, namespace, kind, parents, labels, createdAt, updatedAt, data });
