import { untilAborted } from '@hawser/core';

/** Work by key, one after the other: the next begins when the former has ended, whether its caller still waits or not. */
export class Turns {
  readonly #last = new Map<string, Promise<void>>();

  /** Rejects with the signal's reason when that aborts before its turn has come; then it does nothing. */
  async run<T>(key: string, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
    const former = this.#last.get(key) ?? Promise.resolve();
    const ended = Promise.withResolvers<void>();
    const turn = former.then(() => ended.promise);
    this.#last.set(key, turn);
    try {
      await untilAborted(former, signal);
      return await work();
    } finally {
      ended.resolve();
      void turn.then(() => this.#last.get(key) === turn && this.#last.delete(key));
    }
  }
}
