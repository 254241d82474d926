/** Work on objects: one piece at a time for each, in the order of asking. */
export class Turns {
  readonly #last = new Map<string, Promise<unknown>>();

  /** Whether something is under way or waits. */
  has(id: string): boolean {
    return this.#last.has(id);
  }

  /** `has` is true from this call on, until the last piece of work has settled. */
  run<T>(id: string, work: () => Promise<T>): Promise<T> {
    const before = this.#last.get(id);
    const turn = before === undefined ? work() : before.then(work, work);
    this.#last.set(id, turn);
    const done = (): void => void (this.#last.get(id) === turn && this.#last.delete(id));
    turn.then(done, done);
    return turn;
  }

  /** Resolves when nothing is under way. */
  async idle(): Promise<void> {
    while (this.#last.size > 0) await Promise.allSettled(this.#last.values());
  }
}
