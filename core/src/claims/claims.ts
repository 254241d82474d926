import type { JsonObject } from '../json.ts';
import type { ListOptions, Page } from '../metadata/listing.ts';
import type { ReadTransaction, Transaction } from '../metadata/store.ts';
import type { Token } from '../plugin/token.ts';
import { defineToken } from '../plugin/token.ts';

/** Who holds a claim: one interface of one container. */
export interface Holder {
  readonly containerId: string;
  readonly ifname: string;
}

/**
 * A resource held by an attachment. At most one holder at any time: that is this room's whole purpose.
 * `held` → `releasing` (its attachment is being undone) → `cooling` (nobody may have it yet) → gone, i.e. free.
 */
export interface Claim {
  /** What it is: `address`, `eni`, `vf`, `device`; `[a-z][a-z0-9-]*`. */
  readonly type: string;
  /** Unique within the type on this node, e.g. the canonical address. */
  readonly key: string;
  readonly state: 'held' | 'releasing' | 'cooling';
  readonly holder?: Holder;
  /** RFC 3339, UTC: when it entered its state. */
  readonly since: string;
  /** What its provider and the mode need to know, e.g. prefix length and gateway of an address. */
  readonly data: JsonObject;
}

/** A claim that is in the way of others. */
export interface TakenClaim {
  readonly key: string;
  /** RFC 3339, UTC: until when it cools, which may be over; absent while it is held or being released. */
  readonly until?: string;
}

export interface TakeOptions {
  readonly type: string;
  readonly key: string;
  readonly holder: Holder;
  readonly data: JsonObject;
  /** The lease that keeps it until an attachment stands on it; the transaction's own unless told. One of them there must be. */
  readonly lease?: string;
  /** How long nobody may have it after its release; 0 unless told. Durable. */
  readonly cooldownMs?: number;
  /** For who asks for this very resource by name: a cooldown keeps it from being handed out by chance, not from them. */
  readonly evenCooling?: boolean;
  /** Where this holder has it already it is given back as it is, put under the lease; else that is `claims.already_held` too. */
  readonly orOwn?: boolean;
}

/**
 * The ledger of claims, in the state store. Claims are snapshots of type `claim` and key `<type>/<key>`;
 * attachments stand on them. Changes publish `/claims/taken`, `/claims/cooling` and `/claims/freed`.
 *
 * Errors: `claims.already_held` (names the holder), `claims.cooling` (names until when), `claims.no_lease`, `metadata.disk_full`.
 */
export interface Claims {
  /** Takes a resource for a holder. Its full snapshot name is `claimName(claim)`. */
  take(tx: Transaction, options: TakeOptions): Claim;
  /** Whether `take` would succeed: nobody holds it and it isn't cooling any more. */
  isFree(tx: ReadTransaction, type: string, key: string): boolean;
  get(tx: ReadTransaction, type: string, key: string): Claim | undefined;
  /** Claims of a type (all types when absent), by key. */
  list(tx: ReadTransaction, type?: string): Iterable<Claim>;
  /** By type and key. Filters ask for a claim's fields as JSON has them; `type==…` is answered without reading the other types. */
  page(tx: ReadTransaction, options?: ListOptions): Page<Claim>;
  /**
   * What of a type is in the way, by key, from behind the key `after` on. Cheaper than `list`, which also finds out
   * what is being released, and made to be read in slices: end the iteration and go on in another transaction.
   */
  taken(tx: ReadTransaction, type: string, after?: string): Iterable<TakenClaim>;
}

/** Full snapshot name of a claim, for `parents`. */
export const claimName = (claim: Pick<Claim, 'type' | 'key'>): string => `claim/${claim.type}/${claim.key}`;

export const Claims: Token<Claims, 'hawser.claims.v1'> = defineToken<Claims>()('hawser.claims.v1');
