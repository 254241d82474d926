import type { HostEvent } from '@hawser/core/network';

/**
 * Events for one reader, at most `capacity`. When more come, all of them give way to one `overrun`, and nothing is
 * added until the reader has it: it looks at everything then anyway.
 */
export class EventQueue implements AsyncIterableIterator<HostEvent> {
  readonly #capacity: number;
  readonly #onEnd: () => void;
  #events: HostEvent[] = [];
  readonly #readers: PromiseWithResolvers<IteratorResult<HostEvent>>[] = [];
  #ended = false;
  #failure: unknown;

  /** `onEnd` is called once, when the reader leaves or `end` is called. */
  constructor(capacity: number, onEnd: () => void) {
    this.#capacity = capacity;
    this.#onEnd = onEnd;
  }

  push(event: HostEvent): void {
    if (this.#ended) return;
    const reader = this.#readers.shift();
    if (reader !== undefined) reader.resolve({ done: false, value: event });
    else if (this.#events[0]?.type === 'overrun') return;
    else if (event.type === 'overrun' || this.#events.length >= this.#capacity) this.#events = [{ type: 'overrun' }];
    else this.#events.push(event);
  }

  /** Events that wait are still given out. */
  end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#onEnd();
    for (const reader of this.#readers.splice(0)) reader.resolve({ done: true, value: undefined });
  }

  /** Ends with an error, which the reader gets after the events that wait. */
  fail(error: unknown): void {
    const reader = this.#readers.shift();
    if (reader === undefined) this.#failure = error;
    else reader.reject(error);
    this.end();
  }

  next(): Promise<IteratorResult<HostEvent>> {
    const event = this.#events.shift();
    if (event !== undefined) return Promise.resolve({ done: false, value: event });
    if (this.#failure !== undefined) return Promise.reject(this.#failure).finally(() => (this.#failure = undefined));
    if (this.#ended) return Promise.resolve({ done: true, value: undefined });
    const reader = Promise.withResolvers<IteratorResult<HostEvent>>();
    this.#readers.push(reader);
    return reader.promise;
  }

  return(): Promise<IteratorResult<HostEvent>> {
    this.end();
    this.#events = [];
    return Promise.resolve({ done: true, value: undefined });
  }

  [Symbol.asyncIterator](): this {
    return this;
  }
}
