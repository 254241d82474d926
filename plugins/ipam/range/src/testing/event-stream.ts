import type { Envelope, Lagged } from '@hawser/core/contracts';

/** What one subscriber hears, in the order in which it is pushed. */
export class EventStream implements AsyncIterableIterator<Envelope | Lagged> {
  readonly #items: (Envelope | Lagged)[] = [];
  #wake = Promise.withResolvers<void>();
  #ended = false;

  constructor(signal: AbortSignal) {
    signal.addEventListener('abort', () => void this.return());
  }

  push(item: Envelope | Lagged): void {
    this.#items.push(item);
    this.#wake.resolve();
  }

  async next(): Promise<IteratorResult<Envelope | Lagged>> {
    while (this.#items.length === 0 && !this.#ended) await this.#wake.promise.finally(() => (this.#wake = Promise.withResolvers()));
    const value = this.#items.shift();
    return value === undefined ? { value, done: true } : { value, done: false };
  }

  async return(): Promise<IteratorResult<Envelope | Lagged>> {
    this.#ended = true;
    this.#wake.resolve();
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
