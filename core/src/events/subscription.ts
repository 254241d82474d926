import type { Envelope, Lagged, QueuePolicy } from './events.ts';

export interface SubscriptionOptions {
  readonly signal: AbortSignal;
  readonly topics: readonly string[];
  readonly queue: number;
  readonly policy: QueuePolicy;
  /** Replays what comes after it, before going live; undefined: live at once. */
  readonly replay?: { readonly from: string | undefined };
  /** The last cursor given out when the subscription began. */
  readonly position: string;
  /** What is told before everything else, where retention has deleted some of what was asked for. */
  readonly lost?: Lagged;
  /** The journal after a cursor, in order, at most one chunk; empty when there is no more. */
  read(after: string | undefined): readonly Envelope[];
  /** Called once, when it ends. */
  ended(subscription: Subscription): void;
}

/** Whether a topic is one of the prefixes, or below it. */
export const matches = (topic: string, prefixes: readonly string[]): boolean =>
  prefixes.length === 0 || prefixes.some((prefix) => topic === prefix || topic.startsWith(prefix.endsWith('/') ? prefix : `${prefix}/`));

/**
 * One subscriber's stream. While it replays it reads from the journal and queues nothing; it goes live in the turn in
 * which the journal has no more, so that nothing lies between and nothing comes twice.
 */
export class Subscription implements AsyncIterableIterator<Envelope | Lagged> {
  readonly #options: SubscriptionOptions;
  readonly #queue: (Envelope | Lagged)[] = [];
  readonly #waiting: PromiseWithResolvers<IteratorResult<Envelope | Lagged>>[] = [];
  readonly #abort = () => this.#end();
  #replaying: boolean;
  /** What the subscriber has, or has been told to have lost. */
  #position: string | undefined;
  #dropped = 0;
  #full = false;
  #ended = false;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
    this.#replaying = options.replay !== undefined;
    this.#position = options.replay === undefined ? options.position : options.replay.from;
    if (options.lost !== undefined) this.#queue.push(options.lost);
    if (options.signal.aborted) this.#end();
    else options.signal.addEventListener('abort', this.#abort, { once: true });
  }

  /** Takes one that has been committed. Never waits, never fails. */
  deliver(envelope: Envelope): void {
    if (this.#ended || this.#replaying || this.#full || !matches(envelope.topic, this.#options.topics)) return;
    const waiting = this.#waiting.shift();
    if (waiting !== undefined) {
      this.#position = envelope.cursor;
      waiting.resolve({ value: envelope, done: false });
      return;
    }
    if (this.#queue.length >= this.#options.queue) this.#overflow();
    if (!this.#full) this.#queue.push(envelope);
  }

  async next(): Promise<IteratorResult<Envelope | Lagged>> {
    if (this.#ended) return { value: undefined, done: true };
    if (this.#queue.length === 0 && this.#replaying) this.#replay();
    const value = this.#take();
    if (value !== undefined) return { value, done: false };
    if (this.#full) {
      this.#end();
      return { value: undefined, done: true };
    }
    const waiting = Promise.withResolvers<IteratorResult<Envelope | Lagged>>();
    this.#waiting.push(waiting);
    return waiting.promise;
  }

  async return(): Promise<IteratorResult<Envelope | Lagged>> {
    this.#end();
    return { value: undefined, done: true };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#end();
  }

  /** Ends it from the exchange's side. */
  close(): void {
    this.#end();
  }

  /** Reads chunks until one has something of interest, or the journal has no more. */
  #replay(): void {
    let after = this.#position;
    while (this.#queue.length === 0) {
      const chunk = this.#options.read(after);
      const last = chunk.at(-1);
      if (last === undefined) {
        this.#replaying = false;
        this.#position = after;
        return;
      }
      after = last.cursor;
      this.#queue.push(...chunk.filter(({ topic }) => matches(topic, this.#options.topics)));
      if (this.#queue.length === 0) this.#position = after;
    }
  }

  #take(): Envelope | Lagged | undefined {
    if (this.#dropped > 0 && (!this.#full || this.#queue.length === 0)) {
      const lagged: Lagged = { lagged: this.#dropped, resumeFrom: this.#position ?? this.#options.position };
      this.#dropped = 0;
      return lagged;
    }
    const value = this.#queue.shift();
    if (value !== undefined && 'cursor' in value) this.#position = value.cursor;
    return value;
  }

  #overflow(): void {
    this.#dropped++;
    if (this.#options.policy === 'disconnect') this.#full = true;
    else this.#queue.shift();
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#queue.length = 0;
    this.#options.signal.removeEventListener('abort', this.#abort);
    for (const waiting of this.#waiting.splice(0)) waiting.resolve({ value: undefined, done: true });
    this.#options.ended(this);
  }
}
