/**
 * ```
 * leases/<id>                              → LeaseRecord
 * lease_resources/<id>\0<type>/<key>       → {}
 * leased/<type>/<key>\0<id>                → {}      the same backwards
 * ```
 *
 * Each in both stores. Garbage collection reads them without the service of leases, which in turn triggers collections.
 */
import { nodeName, parseNode } from '../gc/node.ts';
import type { Node } from '../gc/gc.ts';
import { type Collection, defineCollection, type ReadTransaction, type StoreName, type Transaction } from '../metadata/store.ts';
import type { Lease } from './leases.ts';

export type LeaseRecord = {
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
}

const collectionsOf = (store: StoreName): LeaseCollections => ({
  leases: defineCollection(store, 'leases'),
  resources: defineCollection(store, 'lease_resources'),
  leased: defineCollection(store, 'leased'),
});

const COLLECTIONS: Readonly<Record<StoreName, LeaseCollections>> = { root: collectionsOf('root'), state: collectionsOf('state') };

export function readLease(tx: ReadTransaction, id: string): Lease | undefined {
  const record = tx.get(COLLECTIONS[tx.store].leases, id);
  return record && toLease(tx, id, record);
}

export const hasLease = (tx: ReadTransaction, id: string): boolean => tx.has(COLLECTIONS[tx.store].leases, id);

export function* readLeases(tx: ReadTransaction): Iterable<Lease> {
  for (const [id, record] of tx.entries(COLLECTIONS[tx.store].leases)) yield toLease(tx, id, record);
}

export function writeLease(tx: Transaction, id: string, record: LeaseRecord): void {
  tx.put(COLLECTIONS[tx.store].leases, id, record);
}

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

/** Deletes the lease with all its links. */
export function deleteLease(tx: Transaction, id: string): boolean {
  for (const resource of resourcesOf(tx, id)) unlinkResource(tx, id, resource);
  return tx.delete(COLLECTIONS[tx.store].leases, id);
}

/** Takes a node out of every lease, when it is gone. */
export function unlinkNode(tx: Transaction, node: Node): void {
  for (const id of [...leasesOn(tx, node)]) unlinkResource(tx, id, node);
}

/** Whether an unexpired lease of the transaction's store protects a node. */
export function isLeased(tx: ReadTransaction, node: Node, now: number): boolean {
  for (const id of leasesOn(tx, node)) {
    const record = tx.get(COLLECTIONS[tx.store].leases, id);
    if (record !== undefined && !isExpired(record, now)) return true;
  }
  return false;
}

/** A time that can't be parsed keeps the lease. */
export function isExpired({ expiresAt }: Pick<LeaseRecord, 'expiresAt'>, now: number): boolean {
  const at = expiresAt === undefined ? Number.NaN : Date.parse(expiresAt);
  return at <= now;
}

function* leasesOn(tx: ReadTransaction, node: Node): Iterable<string> {
  const prefix = `${nodeName(node)}\0`;
  for (const [key] of tx.entries(COLLECTIONS[tx.store].leased, { prefix })) {
    const id = key.slice(prefix.length);
    if (!id.includes('\0')) yield id; // another node's key may go on behind a zero byte
  }
}

function resourcesOf(tx: ReadTransaction, id: string): readonly Node[] {
  const prefix = `${id}\0`;
  const names = Array.from(tx.entries(COLLECTIONS[tx.store].resources, { prefix }), ([key]) => key.slice(prefix.length));
  return names.map(parseNode).filter((node) => node !== undefined);
}

function toLease(tx: ReadTransaction, id: string, record: LeaseRecord): Lease {
  return { id, store: tx.store, namespace: tx.namespace, ...record, resources: resourcesOf(tx, id) };
}
