import type { Logger } from 'pino';
import type { Context } from '../context/index.ts';
import { HawserError, toHawserError } from '../errors/index.ts';
import { DEFAULT_NAMESPACE, type Metadata, type Transaction } from '../metadata/store.ts';
import { isCursor, START } from './cursor.ts';
import { eventErrors } from './errors.ts';
import type { Envelope, EventInput, Events, Lagged, SubscribeOptions } from './events.ts';
import { beginEpoch, Cursors, EVENTS, readAfter, readJournalState, type StoredEvent, toEnvelope } from './journal.ts';
import { matches, Subscription } from './subscription.ts';

export interface ExchangeDependencies {
  readonly metadata: Metadata;
  readonly context: Pick<Context, 'clock'>;
  readonly log: Logger;
}

const TOPIC = /^(?:\/[a-z][a-z0-9-]*){2,8}$/;
const DEFAULT_QUEUE = 1024;
const MAX_QUEUE = 1_000_000;
/** Events read from the journal at once. */
const CHUNK = 256;

/** Opens the exchange over the journal that is there; begins a new epoch of cursors. */
export async function openExchange(dependencies: ExchangeDependencies): Promise<EventExchange> {
  return new EventExchange(dependencies, new Cursors(await beginEpoch(dependencies.metadata)));
}

/** The exchange: journals in the publisher's transaction, delivers after its commit. */
export class EventExchange implements Events, Disposable {
  readonly #metadata: Metadata;
  readonly #clock: Context['clock'];
  readonly #log: Logger;
  readonly #cursors: Cursors;
  readonly #subscriptions = new Set<Subscription>();
  #closed = false;

  constructor({ metadata, context, log }: ExchangeDependencies, cursors: Cursors) {
    this.#metadata = metadata;
    this.#clock = context.clock;
    this.#log = log;
    this.#cursors = cursors;
  }

  publish(tx: Transaction, event: EventInput): void {
    try {
      this.#journal(tx, event);
    } catch (error) {
      this.#log.error({ err: error, topic: event.topic }, 'an event could not be journalled');
    }
  }

  subscribe(options: SubscribeOptions): AsyncIterableIterator<Envelope | Lagged> {
    const { signal, topics = [], from, queue = DEFAULT_QUEUE, policy = 'drop_oldest' } = options;
    if (this.#closed) throw eventErrors.closed('the event exchange is closed');
    if (!Number.isInteger(queue) || queue < 1 || queue > MAX_QUEUE) throw eventErrors.invalidQueue(`${queue} events can't wait`);
    const after = from === undefined ? undefined : checkedCursor(from);
    const lost = from === undefined ? undefined : this.#lost(after);
    const subscription = new Subscription({
      signal,
      topics,
      queue,
      policy,
      position: this.#cursors.last,
      ...(from === undefined ? {} : { replay: { from: after } }),
      ...(lost === undefined ? {} : { lost }),
      read: (position) => readAfter(this.#metadata, position, CHUNK),
      ended: (ended) => void this.#subscriptions.delete(ended),
    });
    if (!signal.aborted) this.#subscriptions.add(subscription);
    return subscription;
  }

  *history(options: { readonly topics?: readonly string[]; readonly from?: string; readonly limit?: number } = {}): Iterable<Envelope> {
    const { topics = [], from = START, limit = Number.POSITIVE_INFINITY } = options;
    let after = checkedCursor(from);
    let left = limit;
    while (left > 0) {
      const chunk = readAfter(this.#metadata, after, CHUNK);
      const last = chunk.at(-1);
      if (last === undefined) return;
      after = last.cursor;
      for (const envelope of chunk) {
        if (!matches(envelope.topic, topics)) continue;
        yield envelope;
        if (--left <= 0) return;
      }
    }
  }

  /** Ends every stream. */
  [Symbol.dispose](): void {
    this.#closed = true;
    for (const subscription of [...this.#subscriptions]) subscription.close();
  }

  #journal(tx: Transaction, { topic, data }: EventInput): void {
    if (!TOPIC.test(topic)) throw eventErrors.invalidTopic(`'${topic.slice(0, 80)}' is no topic`);
    const cursor = this.#cursors.next();
    const event: StoredEvent = { topic, data, timestamp: new Date(this.#clock.now()).toISOString(), namespace: tx.namespace };
    // One order for all namespaces: the journal is in one of them.
    const stored = this.#put(tx.in(DEFAULT_NAMESPACE), cursor, event);
    tx.afterCommit(() => this.#deliver(toEnvelope(cursor, stored)));
  }

  /** Data that can't be stored costs the event its data, not its place. */
  #put(tx: Transaction, cursor: string, event: StoredEvent): StoredEvent {
    try {
      tx.put(EVENTS[tx.store], cursor, event);
      return event;
    } catch (error) {
      if (!(error instanceof HawserError) && !(error instanceof TypeError)) throw error;
      const { code, message } = toHawserError(error);
      const bare = { ...event, data: { omitted: { code, message } } };
      tx.put(EVENTS[tx.store], cursor, bare);
      return bare;
    }
  }

  #deliver(envelope: Envelope): void {
    for (const subscription of [...this.#subscriptions]) subscription.deliver(envelope);
  }

  /** What retention has deleted can't be replayed: the subscriber is told, though not how many they were. */
  #lost(after: string | undefined): Lagged | undefined {
    if (after === undefined) return undefined;
    const { prunedThrough } = this.#metadata.read('root', readJournalState);
    return prunedThrough !== undefined && after < prunedThrough ? { lagged: 0, resumeFrom: prunedThrough } : undefined;
  }
}

/** What a caller gave as the place to go on from; undefined: the beginning. */
function checkedCursor(from: string): string | undefined {
  if (from === START) return undefined;
  if (!isCursor(from)) throw eventErrors.invalidCursor(`'${from.slice(0, 80)}' is no cursor`);
  return from;
}
