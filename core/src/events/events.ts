import type { JsonObject } from '../json.ts';
import type { Transaction } from '../metadata/store.ts';
import type { Token } from '../plugin/token.ts';
import { defineToken } from '../plugin/token.ts';
import type { Topic } from '../plugin/topic.ts';

/** What a publisher says. */
export interface EventInput {
  /** `/area/verb`, e.g. `/attachments/attached`; components are small letters and digits, joined by single dashes. */
  readonly topic: string;
  readonly data: JsonObject;
}

/** What a subscriber gets. */
export interface Envelope extends EventInput {
  /** Position in the total order; opaque, sorts as text, never reused, monotonic across restarts. */
  readonly cursor: string;
  /** RFC 3339, UTC. */
  readonly timestamp: string;
  readonly namespace: string;
  /** The request that it comes of, where it comes of one: the one that log lines and problem documents have. */
  readonly requestId?: string;
  /** The event's name, derived from its topic: `attachments.attached`. */
  readonly type: string;
}

/**
 * What happens when a subscriber's queue is full. Publishers never wait for one.
 *
 * | policy | |
 * |---|---|
 * | `drop_oldest` | the oldest that wait go; a `Lagged` in their place says how many, and from where to get them again |
 * | `block` | what comes next waits in the journal and nothing is lost; a subscriber that takes none for `blockMs` is disconnected |
 * | `disconnect` | the stream gives what waits, then a `Lagged`, and ends |
 */
export type QueuePolicy = 'drop_oldest' | 'block' | 'disconnect';

/** Which events are meant: of any of the topics, and by any of the filters. */
export interface EventSelection {
  /** Topic prefixes of whole components, any of which matches; none matches all. Cheaper than filters. */
  readonly topics?: readonly string[];
  /**
   * In the language of filters, on `topic`, `type`, `namespace`, `timestamp`, `cursor`, `requestId` and `data.<path>`; none
   * matches all.
   */
  readonly filters?: readonly string[];
}

export interface SubscribeOptions extends EventSelection {
  readonly signal: AbortSignal;
  /** Replay what came after this cursor (`'start'`: all that the journal holds), then go on live without a gap or a double. */
  readonly from?: string;
  /** False: end where the journal has no more instead of going on live; from its start unless told. */
  readonly follow?: boolean;
  /** Envelopes of its topics that may wait; 1,024 unless told. */
  readonly queue?: number;
  /** `drop_oldest` unless told. */
  readonly policy?: QueuePolicy;
  /** How long a subscriber with the policy `block` may take nothing while its queue is full; 5,000 unless told. */
  readonly blockMs?: number;
}

/** Stands in the stream where envelopes are left out; a subscription from `resumeFrom` gets them, where the journal still has them. */
export interface Lagged {
  /** How many, before filters; 0 where nobody knows, because retention has deleted them, or a reboot may have taken them. */
  readonly lagged: number;
  readonly resumeFrom: string;
}

/**
 * The event exchange with its journal.
 *
 * - `publish` journals the event in the caller's transaction; it goes to subscribers after the commit, in commit
 *   order, the same for all. It never fails the caller's operation. The data are the exchange's from then on: change nothing in them.
 * - All that is published after `subscribe` has returned is seen.
 * - Filters are read once for each subscription, and evaluated in its own turns of the event loop.
 *
 * Errors of `subscribe` and `history`: `events.invalid_cursor`, `events.cursor_expired` (its detail `oldest` is the oldest cursor to go
 * on from), `events.invalid_queue`, `filters.invalid`, `events.closed`.
 */
export interface Events {
  publish(tx: Transaction, event: EventInput): void;
  subscribe(options: SubscribeOptions): AsyncIterableIterator<Envelope | Lagged>;
  /** The journal, oldest first, without waiting for more; for small parts of it, as it holds the event loop. */
  history(options?: EventSelection & { readonly from?: string; readonly limit?: number }): Iterable<Envelope>;
  /** The cursor of the last event before a time in milliseconds since the epoch; `'start'` where there is none. */
  cursorAt(time: number, signal: AbortSignal): Promise<string>;
  /** The topics that the agent's plugins declare, by name. */
  topics(): readonly Topic[];
}

export const Events: Token<Events, 'hawser.events.v1'> = defineToken<Events>()('hawser.events.v1');
