import type { Logger } from 'pino';
import type { Context } from '../context/index.ts';
import type { Metadata, Transaction } from '../metadata/store.ts';
import type { Topic } from '../plugin/topic.ts';
import { type Metrics, silentMetrics } from '../telemetry/metrics.ts';
import { Batch } from './batch.ts';
import { checkPlace, cursorAt } from './places.ts';
import { Cursors, START } from './cursor.ts';
import { eventErrors } from './errors.ts';
import type { Envelope, EventInput, Events, EventSelection, Lagged, SubscribeOptions } from './events.ts';
import { ExchangeMetrics } from './exchange-metrics.ts';
import { beginEpoch, mayHaveLost, readAfter } from './journal.ts';
import { mismatch } from './mismatch.ts';
import { readSelection } from './selection.ts';
import { Subscription } from './subscription.ts';
import { type KnownTopic, Topics } from './topics.ts';

export interface ExchangeDependencies {
  readonly metadata: Metadata;
  readonly context: Pick<Context, 'clock'>;
  readonly log: Logger;
  /** What plugins declare; none unless told. */
  readonly topics?: () => readonly Topic[];
  /** Whether data are compared with what their topic declares, and who is told besides the log; not compared unless told. */
  readonly check?: boolean | ((fault: string) => void);
  readonly metrics?: Metrics;
  /** Hears how many events each transaction has journalled. */
  readonly journalled?: (count: number) => void;
}

const DEFAULT_QUEUE = 1024;
const MAX_QUEUE = 1_000_000;
const DEFAULT_BLOCK_MS = 5_000;
const MAX_BLOCK_MS = 86_400_000;
/** Records read from the journal at once. */
const CHUNK = 128;

/** Opens the exchange over the journal that is there; begins a new epoch of cursors. */
export async function openExchange(dependencies: ExchangeDependencies): Promise<EventExchange> {
  return new EventExchange(dependencies, new Cursors(await beginEpoch(dependencies.metadata)));
}

/** The exchange: journals at the end of the publisher's transaction, delivers after its commit. */
export class EventExchange implements Events, Disposable {
  readonly #deps: ExchangeDependencies;
  readonly #cursors: Cursors;
  readonly #topics: Topics;
  readonly #figures: ExchangeMetrics;
  readonly #observed: Disposable;
  readonly #subscriptions = new Set<Subscription>();
  /** What the transaction that is open has published. */
  #open: { readonly whole: object; readonly batch: Batch } | undefined;
  #time = { at: Number.NaN, text: '' };
  #closed = false;

  constructor(dependencies: ExchangeDependencies, cursors: Cursors) {
    const { topics = () => [], metrics = silentMetrics } = dependencies;
    this.#deps = dependencies;
    this.#cursors = cursors;
    this.#topics = new Topics(topics);
    this.#figures = new ExchangeMetrics(metrics);
    this.#observed = this.#figures.observe(metrics, () => ({
      subscribers: this.#subscriptions.size,
      lag: Math.max(0, ...Array.from(this.#subscriptions, ({ lag }) => lag)),
    }));
  }

  publish(tx: Transaction, event: EventInput): void {
    try {
      const topic = this.#topics.get(event.topic);
      if (this.#deps.check !== undefined && this.#deps.check !== false) this.#compare(topic, event);
      this.#batchOf(tx).add(event, topic.type, tx.namespace);
    } catch (error) {
      this.#lost(error, event.topic);
    }
  }

  subscribe(options: SubscribeOptions): AsyncIterableIterator<Envelope | Lagged> {
    const { signal, follow = true, from = follow ? undefined : START, policy = 'drop_oldest' } = options;
    const { queue = DEFAULT_QUEUE, blockMs = DEFAULT_BLOCK_MS } = options;
    if (this.#closed) throw eventErrors.closed('the event exchange is closed');
    checkBounds(queue, blockMs);
    const { metadata, context } = this.#deps;
    const place = from === undefined ? undefined : this.#place(from);
    const subscription = new Subscription({
      signal,
      selector: readSelection(options),
      queue,
      policy,
      blockMs,
      clock: context.clock,
      follow,
      position: this.#cursors.last,
      ...(from === undefined ? {} : { replay: { from: place } }),
      ...(place !== undefined && mayHaveLost(metadata, place) ? { lost: { lagged: 0, resumeFrom: place } } : {}),
      read: (position) => readAfter(metadata, position, CHUNK),
      dropped: (count) => this.#figures.dropped(count),
      disconnected: () => this.#figures.disconnected(),
      ended: (ended) => void this.#subscriptions.delete(ended),
    });
    if (!signal.aborted) this.#subscriptions.add(subscription);
    return subscription;
  }

  *history(options: EventSelection & { readonly from?: string; readonly limit?: number } = {}): Iterable<Envelope> {
    const { from = START, limit = Number.POSITIVE_INFINITY } = options;
    const { topic, filter } = readSelection(options);
    let after = this.#place(from);
    let left = limit;
    while (left > 0) {
      const { events } = readAfter(this.#deps.metadata, after, CHUNK);
      const last = events.at(-1);
      if (last === undefined) return;
      after = last.cursor;
      for (const envelope of events) {
        if (!topic(envelope.topic) || filter?.(envelope) === false) continue;
        yield envelope;
        if (--left <= 0) return;
      }
    }
  }

  async cursorAt(time: number, signal: AbortSignal): Promise<string> {
    return await cursorAt(this.#deps.metadata, time, signal);
  }

  topics(): readonly Topic[] {
    return this.#topics.all();
  }

  /** Ends every stream. */
  [Symbol.dispose](): void {
    this.#closed = true;
    this.#observed[Symbol.dispose]();
    for (const subscription of this.#subscriptions) subscription.close();
  }

  #place(from: string): string | undefined {
    return checkPlace(this.#deps.metadata, from, this.#cursors.last);
  }

  #batchOf(tx: Transaction): Batch {
    if (this.#open?.whole === tx.whole) return this.#open.batch;
    const batch = new Batch(tx, this.#cursors, this.#now());
    tx.beforeCommit(() => this.#close(tx, batch));
    this.#open = { whole: tx.whole, batch };
    return batch;
  }

  /** The journal's failure is not the publisher's; nobody is told what it doesn't hold. */
  #close(tx: Transaction, batch: Batch): void {
    this.#open = undefined;
    try {
      batch.close();
      tx.afterCommit(() => this.#deliver(batch.envelopes));
    } catch (error) {
      this.#lost(error, batch.envelopes.map(({ topic }) => topic).join(', '));
    }
  }

  #deliver(envelopes: readonly Envelope[]): void {
    for (const subscription of this.#subscriptions) {
      for (const envelope of envelopes) subscription.deliver(envelope);
    }
    for (const { topic } of envelopes) this.#figures.published(this.#topics.get(topic).area);
    this.#deps.journalled?.(envelopes.length);
  }

  #compare({ declared, area }: KnownTopic, { topic, data }: EventInput): void {
    const fault = declared && mismatch(declared, data);
    if (fault === undefined) return;
    this.#figures.mismatched(area);
    this.#deps.log.error({ topic, fault }, 'an event is not what its topic declares');
    if (typeof this.#deps.check === 'function') this.#deps.check(`${topic}: ${fault}`);
  }

  #lost(error: unknown, topic: string): void {
    this.#figures.lost();
    this.#deps.log.error({ err: error, topic }, 'an event could not be journalled');
  }

  #now(): string {
    const at = this.#deps.context.clock.now();
    if (at !== this.#time.at) this.#time = { at, text: new Date(at).toISOString() };
    return this.#time.text;
  }
}

function checkBounds(queue: number, blockMs: number): void {
  if (!Number.isInteger(queue) || queue < 1 || queue > MAX_QUEUE) throw eventErrors.invalidQueue(`${queue} events can't wait`);
  if (!(blockMs >= 1 && blockMs <= MAX_BLOCK_MS)) throw eventErrors.invalidQueue(`events can't wait for ${blockMs} ms`);
}
