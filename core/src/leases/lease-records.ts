/**
 * ```
 * leases/<id>                              → LeaseRecord
 * lease_resources/<id>\0<type>/<key>       → {}
 * leased/<type>/<key>\0<id>                → {}      the same backwards
 * leases.by_label/<digest of label>\0<id>  → {}      see metadata/indexes.ts
 * lease_leftovers/<id>                     → {}      it is deleted, and has links that are not yet
 * ```
 *
 * Each in both stores. Garbage collection reads them without the service of leases, which in turn triggers collections.
 */
import { nodeName, parseNode } from '../gc/node.ts';
import type { Node } from '../gc/gc.ts';
import { isJsonObject, isTexts } from '../json.ts';
import { keysByTerm, updateIndex } from '../metadata/indexes.ts';
import { compareKeys } from '../metadata/key-order.ts';
import { LEASES_BY_LABEL } from '../metadata/label-indexes.ts';
import {
  type Collection,
  defineCollection,
  type KeyRange,
  type ReadTransaction,
  type StoreName,
  type Transaction,
} from '../metadata/store.ts';
import { FLAT_LABEL, shownLabels } from './expiry.ts';
import type { Lease } from './leases.ts';

export type LeaseRecord = {
  /** Without `gc.expire`, unless its text is no time. */
  readonly labels: Readonly<Record<string, string>>;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
  readonly expiresAt?: string;
};

type Link = Readonly<Record<string, never>>;

interface LeaseCollections {
  readonly leases: Collection<LeaseRecord>;
  readonly resources: Collection<Link>;
  readonly leased: Collection<Link>;
  readonly leftovers: Collection<Link>;
}

const isLeaseRecord = (value: unknown): value is LeaseRecord =>
  isJsonObject(value) &&
  isTexts(value['labels']) &&
  typeof value['createdAt'] === 'string' &&
  (value['expiresAt'] === undefined || typeof value['expiresAt'] === 'string');

const collectionsOf = (store: StoreName): LeaseCollections => ({
  leases: defineCollection(store, 'leases', isLeaseRecord),
  resources: defineCollection(store, 'lease_resources'),
  leased: defineCollection(store, 'leased'),
  leftovers: defineCollection(store, 'lease_leftovers'),
});

const COLLECTIONS: Readonly<Record<StoreName, LeaseCollections>> = { root: collectionsOf('root'), state: collectionsOf('state') };
/** For checks. */
export { COLLECTIONS as LEASE_COLLECTIONS };

export function readLease(tx: ReadTransaction, id: string): Lease | undefined {
  const record = readLeaseRecord(tx, id);
  return record && toLease(tx, id, record);
}

/** Without its resources, which are records of their own. */
export const readLeaseRecord = (tx: ReadTransaction, id: string): LeaseRecord | undefined => tx.get(COLLECTIONS[tx.store].leases, id);

export const hasLease = (tx: ReadTransaction, id: string): boolean => tx.has(COLLECTIONS[tx.store].leases, id);

export function* readLeases(tx: ReadTransaction): Iterable<Lease> {
  for (const [id, record] of readLeaseRecords(tx)) yield toLease(tx, id, record);
}

/** By id, from behind `after` on. */
export const readLeaseRecords = (tx: ReadTransaction, after?: string): Iterable<readonly [id: string, record: LeaseRecord]> =>
  tx.entries(COLLECTIONS[tx.store].leases, after === undefined ? {} : { start: `${after}\0` });

/** `former` is what was there before. */
export function writeLease(tx: Transaction, id: string, record: LeaseRecord, former?: LeaseRecord): void {
  tx.put(COLLECTIONS[tx.store].leases, id, record);
  updateIndex(tx, LEASES_BY_LABEL[tx.store], id, former, record);
}

/** Ids of the leases that may have a label (`labelTerm`), in order, from behind `after` on. */
export const leasesByLabel = (tx: ReadTransaction, term: string, after?: string): Iterable<string> =>
  keysByTerm(tx, LEASES_BY_LABEL[tx.store], term, after);

/** Without reading one. */
export function countLeases(tx: ReadTransaction): number {
  let count = 0;
  for (const _id of tx.keys(COLLECTIONS[tx.store].leases)) count++;
  return count;
}

export const isUnderLease = (tx: ReadTransaction, id: string, resource: Node): boolean =>
  tx.has(COLLECTIONS[tx.store].resources, `${id}\0${nodeName(resource)}`);

export function linkResource(tx: Transaction, id: string, resource: Node): void {
  const { resources, leased } = COLLECTIONS[tx.store];
  const name = nodeName(resource);
  tx.put(resources, `${id}\0${name}`, {});
  tx.put(leased, `${name}\0${id}`, {});
}

export function unlinkResource(tx: Transaction, id: string, resource: Node): boolean {
  const { resources, leased } = COLLECTIONS[tx.store];
  const name = nodeName(resource);
  tx.delete(leased, `${name}\0${id}`);
  return tx.delete(resources, `${id}\0${name}`);
}

/** Links that one transaction takes away: it holds the event loop for some milliseconds then, however much a lease protects. */
const MOST_UNLINKED = 250;

/**
 * Deletes a lease, which protects nothing from then on; says what it protected, or undefined where there is none. Of one with many
 * links it takes and tells the first ones: `unlinkLeftovers` goes on, and garbage collection does where nobody else has.
 */
export function deleteLease(tx: Transaction, id: string): readonly Node[] | undefined {
  const record = readLeaseRecord(tx, id);
  if (record === undefined) return undefined;
  const { leases, leftovers } = COLLECTIONS[tx.store];
  const { nodes, more } = unlinkSome(tx, id);
  if (more) tx.put(leftovers, id, {});
  tx.delete(leases, id);
  updateIndex(tx, LEASES_BY_LABEL[tx.store], id, record, undefined);
  return nodes;
}

/** Takes away the next links of a lease that was deleted, and says of what they were; none where none is left. */
export function unlinkLeftovers(tx: Transaction, id: string): readonly Node[] {
  if (!hasLeftovers(tx, id)) return [];
  const { nodes, more } = unlinkSome(tx, id);
  if (!more) tx.delete(COLLECTIONS[tx.store].leftovers, id);
  return nodes;
}

export const hasLeftovers = (tx: ReadTransaction, id: string): boolean => tx.has(COLLECTIONS[tx.store].leftovers, id);

/** Ids of the leases that `unlinkLeftovers` is for. */
export const leasesLeftOver = (tx: ReadTransaction): Iterable<string> => tx.keys(COLLECTIONS[tx.store].leftovers);

function unlinkSome(tx: Transaction, id: string): { readonly nodes: readonly Node[]; readonly more: boolean } {
  const { resources, leased } = COLLECTIONS[tx.store];
  const prefix = `${id}\0`;
  const links = [...tx.keys(resources, { prefix, limit: MOST_UNLINKED + 1 })];
  const names = links.slice(0, MOST_UNLINKED).map((link) => link.slice(prefix.length));
  for (const name of names) {
    tx.delete(leased, `${name}\0${id}`);
    tx.delete(resources, `${prefix}${name}`);
  }
  return { nodes: names.flatMap((name) => parseNode(name) ?? []), more: links.length > names.length };
}

/** Takes a node out of every lease, when it is gone. */
export function unlinkNode(tx: Transaction, node: Node): void {
  for (const id of [...leasesOn(tx, node)]) unlinkResource(tx, id, node);
}

/** What the unexpired leases on a node protect: nothing, the node alone (all of them are flat), or what its labels refer to as well. */
export function protectionOf(tx: ReadTransaction, node: Node, now: number): 'none' | 'flat' | 'whole' {
  let protection: 'none' | 'flat' = 'none';
  for (const id of leasesOn(tx, node)) {
    const record = readLeaseRecord(tx, id);
    if (record === undefined || isExpired(record, now)) continue;
    if (record.labels[FLAT_LABEL] === undefined) return 'whole';
    protection = 'flat';
  }
  return protection;
}

/** A time that can't be parsed keeps the lease. */
export function isExpired({ expiresAt }: Pick<LeaseRecord, 'expiresAt'>, now: number): boolean {
  const at = expiresAt === undefined ? Number.NaN : Date.parse(expiresAt);
  return at <= now;
}

/** Leases on a node, expired ones included. */
export function* leasesOn(tx: ReadTransaction, node: Node): Iterable<string> {
  const prefix = `${nodeName(node)}\0`;
  for (const key of tx.keys(COLLECTIONS[tx.store].leased, { prefix })) {
    const id = key.slice(prefix.length);
    if (!id.includes('\0')) yield id; // another node's key may go on behind a zero byte
  }
}

/** What a lease protects, by name; from behind the name `after` on. */
export function resourcesOf(tx: ReadTransaction, id: string, after?: string, limit?: number): readonly Node[] {
  const prefix = `${id}\0`;
  const range: KeyRange = after === undefined ? { prefix } : { start: `${prefix}${after}\0`, end: `${id}\x01` };
  const names: Node[] = [];
  for (const key of tx.keys(COLLECTIONS[tx.store].resources, limit === undefined ? range : { ...range, limit })) {
    const node = parseNode(key.slice(prefix.length));
    if (node !== undefined) names.push(node);
  }
  return names;
}

/**
 * Every lease, by id, and behind it what it protects. It is one pass over both collections, since a look of its own for each
 * lease takes many times as long.
 */
export function* readProtected(tx: ReadTransaction): Iterable<{ readonly lease: LeaseRecord } | { readonly resource: Node }> {
  const links = tx.keys(COLLECTIONS[tx.store].resources)[Symbol.iterator]();
  let link = links.next();
  for (const [id, lease] of readLeaseRecords(tx)) {
    yield { lease };
    const prefix = `${id}\0`;
    // Ids hold no zero byte, so that links come in the order of their leases; those of a lease that is not there are passed over.
    while (link.done !== true && compareKeys(link.value, prefix) < 0) link = links.next();
    for (; link.done !== true && link.value.startsWith(prefix); link = links.next()) {
      const resource = parseNode(link.value.slice(prefix.length));
      if (resource !== undefined) yield { resource };
    }
  }
}

export const toLease = (tx: ReadTransaction, id: string, record: LeaseRecord): Lease => ({
  id,
  store: tx.store,
  namespace: tx.namespace,
  ...record,
  labels: shownLabels(record),
  resources: resourcesOf(tx, id),
});
