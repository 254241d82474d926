import type { JsonObject } from '../json.ts';
import type { Transaction } from '../metadata/store.ts';
import type { Token } from '../plugin/token.ts';
import { defineToken } from '../plugin/token.ts';

/** What a publisher says. */
export interface EventInput {
  /** `/area/verb`, e.g. `/attachments/attached`; components match `[a-z][a-z0-9-]*`. */
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
  /** The event's name, derived from its topic: `attachments.attached`. */
  readonly type: string;
}

/** What happens when a subscriber's queue is full. */
export type QueuePolicy = 'drop_oldest' | 'disconnect';

export interface SubscribeOptions {
  readonly signal: AbortSignal;
  /** Topic prefixes, any of which matches; none matches all. */
  readonly topics?: readonly string[];
  /** Replay what came after this cursor (`'start'`: all that the journal holds), then go on live without a gap or a double. */
  readonly from?: string;
  /** Envelopes that may wait; 1,024 unless told. */
  readonly queue?: number;
  /** `drop_oldest` unless told; what was lost is told by a `Lagged`. */
  readonly policy?: QueuePolicy;
}

/** Stands in the stream where envelopes were dropped; replay from `resumeFrom` to get them. */
export interface Lagged {
  readonly lagged: number;
  readonly resumeFrom: string;
}

/**
 * The event exchange with its journal.
 *
 * - `publish` journals the event in the caller's transaction; it goes to subscribers after the commit, in commit
 *   order, the same for all. It never fails the caller's operation.
 * - All that is published after `subscribe` has returned is seen.
 */
export interface Events {
  publish(tx: Transaction, event: EventInput): void;
  subscribe(options: SubscribeOptions): AsyncIterableIterator<Envelope | Lagged>;
  /** The journal, oldest first, without waiting for more. */
  history(options?: { readonly topics?: readonly string[]; readonly from?: string; readonly limit?: number }): Iterable<Envelope>;
}

export const Events: Token<Events, 'hawser.events.v1'> = defineToken<Events>()('hawser.events.v1');
