import { AddressSet } from './address-set.ts';

/**
 * Which addresses of a range are in the way, as the ledger's events told it: a hint that lets a search leap over all
 * that are taken. Whether an address is free, the ledger decides.
 */
export class TakenAddresses {
  readonly #taken = new AddressSet();
  /** Those that cool → until when, milliseconds since the epoch; about in the order in which they will be free. */
  readonly #cooling = new Map<bigint, number>();

  get held(): number {
    return this.#taken.size - this.#cooling.size;
  }

  get cooling(): number {
    return this.#cooling.size;
  }

  hold(address: bigint): void {
    this.#cooling.delete(address);
    this.#taken.add(address);
  }

  cool(address: bigint, until: number): void {
    this.hold(address);
    this.#cooling.set(address, until);
  }

  free(address: bigint): void {
    this.#cooling.delete(address);
    this.#taken.delete(address);
  }

  /** The first address from `address` on that is not in the way. */
  nextFree(address: bigint): bigint {
    return this.#taken.nextAbsent(address);
  }

  /** Lets go of what has cooled: from the oldest on up to one that has not, at most `limit`. */
  thaw(now: number, limit: number): void {
    let left = limit;
    for (const [address, until] of this.#cooling) {
      if (until > now || left-- === 0) return;
      this.free(address);
    }
  }

  /** The same of all, also of those behind one that has not: a ledger that is read anew tells them in the order of their texts. */
  thawAll(now: number): boolean {
    const before = this.#cooling.size;
    for (const [address, until] of this.#cooling) if (until <= now) this.free(address);
    return this.#cooling.size < before;
  }
}
