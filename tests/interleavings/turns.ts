import type { Random } from '@hawser/core';

interface Waiting {
  left: number;
  readonly resolve: () => void;
}

/**
 * Turns of the event loop, passed one by one by whoever tells the story. Work of the agent waits for some of them
 * where its process would wait for a disk or a kernel, so that what happens in which order hangs on a seed alone.
 */
export class Turns {
  readonly #random: Pick<Random, 'integer'>;
  #waiting: Waiting[] = [];
  #working = 0;

  constructor(random: Pick<Random, 'integer'>) {
    this.#random = random;
  }

  /** Whether nothing waits for a turn or for the machine's real files. */
  get quiet(): boolean {
    return this.#waiting.length === 0 && this.#working === 0;
  }

  /** Mostly nothing, sometimes a few turns. */
  linger(): Promise<void> | undefined {
    const turns = this.#random.integer(12) - 8;
    return turns > 0 ? this.#wait(turns) : undefined;
  }

  /** Real input or output with the time that it takes. */
  async work<T>(io: () => T | Promise<T>): Promise<T> {
    this.#working++;
    try {
      return await io();
    } finally {
      this.#working--;
    }
  }

  async next(): Promise<void> {
    await new Promise((resolve) => setImmediate(resolve));
    const due = this.#waiting.filter((waiting) => --waiting.left <= 0);
    this.#waiting = this.#waiting.filter(({ left }) => left > 0);
    for (const { resolve } of due) resolve();
    // What that sets off happens in this turn.
    await new Promise((resolve) => setImmediate(resolve));
  }

  #wait(left: number): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#waiting.push({ left, resolve });
    return promise;
  }
}
