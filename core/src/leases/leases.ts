import type { Node } from '../gc/gc.ts';
import type { ListOptions, Page } from '../metadata/listing.ts';
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

/** Changes to a lease; an empty label value deletes the label, one that isn't named stays unless `fields` says otherwise. */
export interface LeaseChanges {
  /** `gc.expire` changes the expiry; deleting it lets the lease live until it is deleted. */
  readonly labels: Readonly<Record<string, string>>;
  /**
   * Field paths: `labels` replaces all of them, `labels.<key>` takes one from `labels` or deletes it; an empty list
   * stands for all fields that can change. Others are `metadata.invalid_field_path`.
   */
  readonly fields?: readonly string[];
}

/** Where a lease is, for calls that are not in a transaction of their caller. */
export interface LeaseScope {
  readonly store: StoreName;
  /** `default` unless told. */
  readonly namespace?: string;
  /** Ends the waiting, not the work. */
  readonly signal: AbortSignal;
}

/**
 * Leases protect resources from garbage collection until they are referenced by something that lives. A lease
 * lives in the store and the namespace of its resources. Every change publishes `/leases/created`, `/leases/renewed`,
 * `/leases/updated`, `/leases/deleted`, `/leases/resource-added` or `/leases/resource-removed` in the same transaction;
 * what is put under a lease while it is made tells so by its own event.
 *
 * The lease of a call is `Transaction.lease`: whatever is made or committed in that transaction is put under it, and what is
 * asked for and there already too.
 *
 * Labels: `gc.expire` (RFC 3339) is the expiry; a text that is no time keeps the lease. `gc.flat`: the lease protects its
 * resources alone, and nothing that only their labels refer to.
 *
 * Errors: `leases.already_exists`, `leases.not_found`, `leases.invalid_id`, `leases.invalid_expiry`,
 * `leases.invalid_labels`, `leases.wrong_store`, `metadata.disk_full` (see Transaction.refuseWhenFull).
 */
export interface Leases {
  create(tx: Transaction, options?: LeaseOptions): Lease;
  /** From now on. */
  renew(tx: Transaction, id: string, expiresInMs: number): Lease;
  update(tx: Transaction, id: string, changes: LeaseChanges): Lease;
  /**
   * What only it kept alive becomes garbage; a collection is triggered. `resourcesLiveOn`: the caller has given each of
   * its resources something else that keeps it, in this very transaction, so that there is nothing to look for.
   */
  delete(tx: Transaction, id: string, options?: { readonly resourcesLiveOn?: boolean }): void;
  /**
   * Deletes it and waits until what only it kept is cleaned up, whatever else there is to collect. When the signal aborts
   * first, or with `leases.collection_failed`, the lease is deleted all the same and collection goes on.
   */
  deleteAndCollect(id: string, scope: LeaseScope): Promise<void>;
  /** Adding what is there already is harmless. `leases.wrong_store` for what is known to be in the other store. */
  addResource(tx: Transaction, id: string, resource: Node): void;
  removeResource(tx: Transaction, id: string, resource: Node): void;
  /**
   * For whoever makes resources: puts one under the transaction's lease, where it carries one, or under the lease that the
   * caller names. Call it for everything that is made, and for what is asked for and there already.
   */
  underLease(tx: Transaction, resource: Node, id?: string): void;
  get(tx: ReadTransaction, id: string): Lease | undefined;
  /** By name, from behind the name `after` (`type/key`) on. */
  resources(tx: ReadTransaction, id: string, range?: { readonly after?: string; readonly limit?: number }): readonly Node[];
  list(tx: ReadTransaction): Iterable<Lease>;
  /** By id. Filters ask for a lease's fields as JSON has them; `labels.<key>==…` and `id==…` are answered without reading the others. */
  page(tx: ReadTransaction, options?: ListOptions): Page<Lease>;
}

export const Leases: Token<Leases, 'hawser.leases.v1'> = defineToken<Leases>()('hawser.leases.v1');
