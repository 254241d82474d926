/**
 * Runs calls with the same key one after the other, in order of arrival; calls with different keys side by side.
 * A call whose signal aborts while it waits leaves the queue at once.
 */
export class KeyedQueue {
  readonly #tails = new Map<string, { readonly settled: Promise<void>; length: number }>();
  readonly #limit: number;
  readonly #overflow: (key: string) => Error;

  /** At most `limit` calls of one key, the running one included; `overflow` makes the error of the next. */
  constructor(limit: number, overflow: (key: string) => Error) {
    this.#limit = limit;
    this.#overflow = overflow;
  }

  /** Number of keys that have calls. */
  get size(): number {
    return this.#tails.size;
  }

  /** Resolves when all calls that are there now are done. */
  async idle(): Promise<void> {
    await Promise.all(Array.from(this.#tails.values(), (tail) => tail.settled));
  }

  async run<T>(key: string, signal: AbortSignal | undefined, call: () => Promise<T>): Promise<T> {
    const before = this.#tails.get(key);
    const length = (before?.length ?? 0) + 1;
    if (length > this.#limit) throw this.#overflow(key);
    const turn = Promise.withResolvers<void>();
    const tail = { settled: turn.promise, length };
    this.#tails.set(key, tail);
    try {
      if (before) await turnOrAbort(before.settled, signal);
      signal?.throwIfAborted();
      return await call();
    } finally {
      // A call that gave up waiting passes its turn on only when those before it are done.
      if (before) void before.settled.then(turn.resolve);
      else turn.resolve();
      void turn.promise.then(() => {
        if (this.#tails.get(key) === tail) this.#tails.delete(key);
      });
    }
  }
}

async function turnOrAbort(turn: Promise<void>, signal: AbortSignal | undefined): Promise<void> {
  if (!signal) return turn;
  signal.throwIfAborted();
  const aborted = Promise.withResolvers<never>();
  const onAbort = () => aborted.reject(signal.reason);
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    await Promise.race([turn, aborted.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
  }
}
