import type { Node } from '../gc/gc.ts';
import type { ReadTransaction, StoreName, Transaction } from '../metadata/store.ts';
import type { Token } from '../plugin/token.ts';
import { defineToken } from '../plugin/token.ts';

export interface Lease {
  readonly id: string;
  readonly store: StoreName;
  readonly namespace: string;
  readonly labels: Readonly<Record<string, string>>;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
  /** RFC 3339, UTC; absent: never by itself. */
  readonly expiresAt?: string;
  readonly resources: readonly Node[];
}

export interface LeaseOptions {
  /** An identifier; a time-ordered random one unless told. */
  readonly id?: string;
  readonly expiresInMs?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

/**
 * Leases protect resources from garbage collection until they are referenced by something that lives. A lease
 * lives in the store of its resources. Every change publishes `/leases/created`, `/leases/renewed` or
 * `/leases/deleted` in the same transaction.
 *
 * Errors: `leases.already_exists`, `leases.not_found`, `leases.invalid_id`, `metadata.disk_full` (see Transaction.refuseWhenFull).
 */
export interface Leases {
  create(tx: Transaction, options?: LeaseOptions): Lease;
  /** From now on. */
  renew(tx: Transaction, id: string, expiresInMs: number): Lease;
  /**
   * What only it kept alive becomes garbage; a collection is triggered. `resourcesLiveOn`: the caller has given each of
   * its resources something else that keeps it, in this very transaction, so that there is nothing to look for.
   */
  delete(tx: Transaction, id: string, options?: { readonly resourcesLiveOn?: boolean }): void;
  /** Adding what is there already is harmless. */
  addResource(tx: Transaction, id: string, resource: Node): void;
  removeResource(tx: Transaction, id: string, resource: Node): void;
  get(tx: ReadTransaction, id: string): Lease | undefined;
  list(tx: ReadTransaction): Iterable<Lease>;
}

export const Leases: Token<Leases, 'hawser.leases.v1'> = defineToken<Leases>()('hawser.leases.v1');
