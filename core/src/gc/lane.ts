/** Places for work of one kind: so many at a time, the others in the order in which they came. */
export class Lane {
  readonly #width: number;
  readonly #waiting: (() => void)[] = [];
  #taken = 0;
  #head = 0;

  constructor(width: number) {
    this.#width = width;
  }

  /** Resolves with a place; `signal` gives up the waiting, and the place if it comes too late. */
  async enter(signal: AbortSignal): Promise<Disposable> {
    signal.throwIfAborted();
    if (this.#taken >= this.#width) await this.#turn();
    else this.#taken++;
    const place = this.#place();
    if (!signal.aborted) return place;
    place[Symbol.dispose]();
    throw signal.reason;
  }

  #turn(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }

  /** Disposing it twice is disposing it once. */
  #place(): Disposable {
    let held = true;
    return {
      [Symbol.dispose]: () => {
        if (!held) return;
        held = false;
        this.#leave();
      },
    };
  }

  /** Hands the place over, so that nobody who comes now can take it. */
  #leave(): void {
    const next = this.#waiting[this.#head];
    if (next === undefined) {
      this.#taken--;
      return;
    }
    this.#head++;
    if (this.#head > 1024 && this.#head * 2 > this.#waiting.length) {
      this.#waiting.splice(0, this.#head);
      this.#head = 0;
    }
    next();
  }
}
