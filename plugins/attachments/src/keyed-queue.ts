import { untilAborted } from '@hawser/core';

/**
 * Runs calls with the same key one after the other, in order of arrival; calls with different keys side by side.
 * A call whose signal aborts while it waits leaves the queue at once.
 */
export class KeyedQueue {
  /** Of each key that has calls: when the last of them is done, and how many there are. */
  readonly #keys = new Map<string, { tail: Promise<void> | undefined; count: number }>();
  readonly #limit: number;
  readonly #overflow: (key: string) => Error;

  /** At most `limit` calls of one key, the running one included; `overflow` makes the error of the next. */
  constructor(limit: number, overflow: (key: string) => Error) {
    this.#limit = limit;
    this.#overflow = overflow;
  }

  /** Number of keys that have calls. */
  get size(): number {
    return this.#keys.size;
  }

  /** Resolves when all calls that are there now are done. */
  async idle(): Promise<void> {
    await Promise.all(Array.from(this.#keys.values(), async ({ tail }) => tail));
  }

  async run<T>(key: string, signal: AbortSignal, call: () => Promise<T>): Promise<T> {
    const turn = Promise.withResolvers<void>();
    const calls = this.#keys.get(key) ?? { tail: undefined, count: 0 };
    if (calls.count >= this.#limit) throw this.#overflow(key);
    const before = calls.tail;
    calls.tail = turn.promise;
    calls.count++;
    this.#keys.set(key, calls);
    try {
      if (before) await untilAborted(before, signal);
      signal.throwIfAborted();
      return await call();
    } finally {
      calls.count--;
      // A call that gave up waiting passes its turn on only when those before it are done.
      if (before) void before.then(turn.resolve);
      else turn.resolve();
      void turn.promise.then(() => {
        if (calls.tail === turn.promise) this.#keys.delete(key);
      });
    }
  }
}
