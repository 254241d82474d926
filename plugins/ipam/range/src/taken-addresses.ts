/**
 * Which addresses were taken when it was last told: a hint that lets a search leap over long runs of taken ones. It
 * learns of no release, so that it may call a free address taken, until it is made anew from the ledger; whether an
 * address that it calls free is free, the ledger decides.
 *
 * Each taken address points at one that might be free behind it, and paths are shortened as they are walked
 * (union-find), so that a search costs next to nothing however long the run.
 */
export class TakenAddresses {
  readonly #after = new Map<bigint, bigint>();

  add(address: bigint): void {
    if (!this.#after.has(address)) this.#after.set(address, address + 1n);
  }

  /** The first address from `address` on that is not taken. */
  nextFree(address: bigint): bigint {
    let free = address;
    for (let next = this.#after.get(free); next !== undefined; next = this.#after.get(free)) free = next;
    for (let at = address; at !== free; ) {
      const next = this.#after.get(at) ?? free;
      this.#after.set(at, free);
      at = next;
    }
    return free;
  }
}
