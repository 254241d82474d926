import type { Clock } from '../context/index.ts';
import { START } from './cursor.ts';
import type { Envelope, Lagged, QueuePolicy } from './events.ts';
import type { Chunk } from './journal.ts';
import { Ring } from './ring.ts';
import type { Selector } from './selection.ts';

export interface SubscriptionOptions {
  readonly signal: AbortSignal;
  readonly selector: Selector;
  readonly queue: number;
  readonly policy: QueuePolicy;
  readonly blockMs: number;
  readonly clock: Pick<Clock, 'timer' | 'monotonic'>;
  /** Whether it goes live where the journal has no more, or ends. */
  readonly follow: boolean;
  /** Replays what comes after it, before going live; undefined: live at once. */
  readonly replay?: { readonly from: string | undefined };
  /** Told before everything else. */
  readonly lost?: Lagged;
  /** The last cursor given out when the subscription began. */
  readonly position: string;
  /** The journal after a cursor, in order; empty when there is no more. */
  read(after: string | undefined): Chunk;
  dropped(count: number): void;
  disconnected(): void;
  /** Called once, when it ends. */
  ended(subscription: Subscription): void;
}

type Item = Envelope | Lagged;
type Result = IteratorResult<Item>;

/** `live`: what is published is queued. `replaying`: it is read from the journal instead. `full`: it is left out, and the stream ends. */
type State = 'live' | 'replaying' | 'full';

/** Envelopes that are looked at in one turn of the event loop. */
const SLICE = 256;

/**
 * One subscriber's stream. While it replays it reads from the journal and queues nothing; it goes live in the turn in
 * which the journal has no more, so that nothing lies between and nothing comes twice. Filters run in its own turns.
 */
export class Subscription implements AsyncIterableIterator<Item> {
  readonly #options: SubscriptionOptions;
  readonly #queue = new Ring<Envelope>();
  readonly #waiting = new Ring<PromiseWithResolvers<Result>>();
  readonly #abort = () => this.#end();
  #state: State;
  #lost: Lagged | undefined;
  /** What the subscriber has, or has been told to have lost, or did not want. */
  #position: string | undefined;
  /** The last that was queued, or read from the journal: what comes next lies behind it. */
  #reached: string | undefined;
  /** Left out and not told yet. */
  #dropped = 0;
  /** Published since it fell behind, and not read from the journal yet. */
  #owed = 0;
  #takenAt = 0;
  #deadline: Disposable | undefined;
  #scheduled = false;
  #ended = false;

  constructor(options: SubscriptionOptions) {
    this.#options = options;
    this.#state = options.replay === undefined ? 'live' : 'replaying';
    this.#position = options.replay === undefined ? options.position : options.replay.from;
    this.#reached = this.#position;
    this.#lost = options.lost;
    if (options.signal.aborted) this.#end();
    else options.signal.addEventListener('abort', this.#abort, { once: true });
  }

  /** Events that wait for it. */
  get lag(): number {
    return this.#queue.length + this.#owed;
  }

  /** Takes one that has been committed. Never waits, never fails, runs nothing of the subscriber's. */
  deliver(envelope: Envelope): void {
    if (this.#ended || !this.#options.selector.topic(envelope.topic)) return;
    if (this.#state !== 'live') return void this.#pass();
    // One that was committed in the turn in which the stream went live has been read from the journal.
    if (this.#reached !== undefined && envelope.cursor <= this.#reached) return;
    if (this.#queue.length >= this.#options.queue && !this.#makeRoom()) return;
    this.#reached = envelope.cursor;
    this.#queue.push(envelope);
    if (this.#waiting.length === 0) return;
    if (this.#options.selector.filter === undefined) this.#pump();
    else this.#pumpLater();
  }

  next(): Promise<Result> {
    if (this.#ended) return Promise.resolve(END);
    if (this.#deadline !== undefined) this.#takenAt = this.#options.clock.monotonic();
    const ready = this.#ready();
    if (ready !== undefined) return Promise.resolve({ value: ready, done: false });
    const waiter = Promise.withResolvers<Result>();
    this.#waiting.push(waiter);
    this.#pump();
    return waiter.promise;
  }

  async return(): Promise<Result> {
    this.#end();
    return END;
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

  /** The next one, where nothing is to be decided: most of the time. */
  #ready(): Item | undefined {
    if (this.#waiting.length > 0 || this.#dropped > 0 || this.#options.selector.filter !== undefined) return undefined;
    const envelope = this.#queue.shift();
    if (envelope !== undefined) this.#position = envelope.cursor;
    return envelope;
  }

  /** Gives those who wait what there is. That the journal can't be read is the stream's failure, in whoever's turn it is found. */
  #pump(): void {
    try {
      this.#pumpSlice();
    } catch (error) {
      this.#waiting.shift()?.reject(error);
      this.#end();
    }
  }

  /** As far as one turn goes. */
  #pumpSlice(): void {
    for (let left = SLICE; this.#waiting.length > 0; left--) {
      if (left === 0) return this.#pumpLater();
      const lagged = this.#lagged();
      const item = lagged ?? this.#queue.shift();
      if (item === undefined) {
        if (!this.#refill()) return;
        continue;
      }
      if ('cursor' in item) {
        this.#position = item.cursor;
        if (this.#options.selector.filter?.(item) === false) continue;
      }
      this.#waiting.shift()?.resolve({ value: item, done: false });
    }
  }

  #pumpLater(): void {
    if (this.#scheduled) return;
    this.#scheduled = true;
    setImmediate(() => {
      this.#scheduled = false;
      this.#pump();
    });
  }

  /** The queue is empty. Whether there may be something now. */
  #refill(): boolean {
    if (this.#state === 'full') this.#end();
    if (this.#state !== 'replaying' || this.#ended) return false;
    const { events, prunedThrough } = this.#options.read(this.#reached);
    if (prunedThrough !== undefined && this.#reached !== undefined && this.#reached < prunedThrough) return this.#skip(prunedThrough);
    const last = events.at(-1);
    if (last === undefined) return this.#goLive();
    this.#reached = last.cursor;
    for (const envelope of events) if (this.#options.selector.topic(envelope.topic)) this.#queue.push(envelope);
    this.#owed = Math.max(0, this.#owed - this.#queue.length);
    if (this.#queue.length > 0) return true;
    this.#position = last.cursor;
    this.#pumpLater(); // there may be much of no interest
    return false;
  }

  /** Retention was faster than the subscriber: it is told, though nobody knows how many they were. */
  #skip(prunedThrough: string): boolean {
    this.#position = prunedThrough;
    this.#reached = prunedThrough;
    this.#waiting.shift()?.resolve({ value: { lagged: 0, resumeFrom: prunedThrough }, done: false });
    return true;
  }

  #goLive(): boolean {
    this.#owed = 0;
    this.#clearDeadline();
    if (this.#options.follow) this.#state = 'live';
    else this.#end();
    return false;
  }

  /** What is left out stands before what came after it: in the place of the oldest, or at the end of the stream. */
  #lagged(): Lagged | undefined {
    const lost = this.#lost;
    this.#lost = undefined;
    if (lost !== undefined) return lost;
    if (this.#dropped === 0 || (this.#state === 'full' && this.#queue.length > 0)) return undefined;
    const lagged = { lagged: this.#dropped, resumeFrom: this.#position ?? START };
    this.#dropped = 0;
    return lagged;
  }

  /** It is published, and does not go into the queue. */
  #pass(): void {
    if (this.#state === 'replaying') {
      // Who had all there was is not late with it.
      if (this.#deadline !== undefined && this.lag === 0) this.#takenAt = this.#options.clock.monotonic();
      this.#owed++;
      return;
    }
    this.#dropped++;
    this.#options.dropped(1);
  }

  /** The queue is full. Whether one more may be put into it. */
  #makeRoom(): boolean {
    switch (this.#options.policy) {
      case 'drop_oldest':
        this.#queue.shift();
        this.#dropped++;
        this.#options.dropped(1);
        return true;
      case 'disconnect':
        this.#state = 'full';
        this.#options.disconnected();
        this.#pass();
        return false;
      case 'block':
        this.#fallBehind();
        this.#pass();
        return false;
    }
  }

  /** What comes next waits in the journal, for a subscriber that goes on taking. */
  #fallBehind(): void {
    const { clock, blockMs } = this.#options;
    this.#state = 'replaying';
    this.#takenAt = clock.monotonic();
    this.#deadline = clock.timer(blockMs, () => this.#checkProgress());
  }

  #checkProgress(): void {
    const { clock, blockMs } = this.#options;
    const idle = this.#waiting.length > 0 || this.lag === 0 ? 0 : clock.monotonic() - this.#takenAt;
    if (idle < blockMs) {
      this.#deadline = clock.timer(blockMs - idle, () => this.#checkProgress());
      return;
    }
    this.#state = 'full';
    this.#dropped += this.lag;
    this.#options.dropped(this.lag);
    this.#options.disconnected();
    this.#owed = 0;
    this.#queue.clear();
    this.#clearDeadline();
  }

  #clearDeadline(): void {
    this.#deadline?.[Symbol.dispose]();
    this.#deadline = undefined;
  }

  #end(): void {
    if (this.#ended) return;
    this.#ended = true;
    this.#queue.clear();
    this.#clearDeadline();
    this.#options.signal.removeEventListener('abort', this.#abort);
    for (let waiter = this.#waiting.shift(); waiter !== undefined; waiter = this.#waiting.shift()) waiter.resolve(END);
    this.#options.ended(this);
  }
}

const END: Result = Object.freeze({ value: undefined, done: true });
