/** Tells transactions of collection's own from those of others, which alone call for collections. */
export class OwnCommits {
  #own = 0;

  /** An effect of each own transaction: effects run before those who observe a commit are told. */
  readonly committed = (): void => void this.#own++;

  /** Of these transactions, which have just been committed. */
  others(transactions: number): number {
    const own = Math.min(this.#own, transactions);
    this.#own -= own;
    return transactions - own;
  }
}
