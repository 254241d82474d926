import { type Clock, type HawserError, toHawserError } from '@hawser/core';
import { defineCollection, type HealthCheck, type Metadata, type StoreName, type Transaction } from '@hawser/core/contracts';

/** The last beat of each store. */
const BEATS = {
  root: defineCollection<string>('root', 'health_beat'),
  state: defineCollection<string>('state', 'health_beat'),
} as const;

export interface PulseOptions {
  readonly store: StoreName;
  readonly metadata: Pick<Metadata, 'write'>;
  readonly clock: Clock;
  /** Milliseconds after which a commit that is still under way counts as stuck. */
  readonly deadlineMs: number;
  /** Called when a beat has ended. */
  readonly ended: () => void;
}

/** Why nothing new is taken; the beat, which is there, finds its place all the same. */
function refusalOf(tx: Pick<Transaction, 'refuseWhenFull'>): HawserError | undefined {
  try {
    tx.refuseWhenFull();
    return undefined;
  } catch (error) {
    return toHawserError(error);
  }
}

/** Whether a store still commits, and takes what is new: it is written to, and the commit must come. */
export class Pulse {
  readonly #options: PulseOptions;
  #since: number | undefined;
  #error: HawserError | undefined;

  constructor(options: PulseOptions) {
    this.#options = options;
  }

  /** Begins a beat, unless the one before is still under way: a store that is stuck gets no queue from here. */
  beat(): void {
    if (this.#since !== undefined) return;
    const { store, metadata, clock } = this.#options;
    this.#since = clock.monotonic();
    const at = new Date(clock.now()).toISOString();
    metadata
      .write(store, (tx) => {
        tx.put(BEATS[store], 'last', at);
        return refusalOf(tx);
      })
      .then(
        (refused) => this.#end(refused),
        (error: unknown) => this.#end(toHawserError(error)),
      );
  }

  /** Stuck: nothing gets on any more. */
  get isStuck(): boolean {
    return this.#since !== undefined && this.#waitedMs > this.#options.deadlineMs;
  }

  check(): HealthCheck {
    const { store } = this.#options;
    const name = `store.${store}`;
    if (this.isStuck)
      return {
        name,
        status: 'failed',
        reason: `a commit to the ${store} store has been under way for ${Math.round(this.#waitedMs / 1000)} s`,
        remedy: 'Look whether the disk answers; if it does, start the agent again.',
      };
    if (this.#error === undefined) return { name, status: 'ok' };
    const { code, message, remedy } = this.#error;
    return { name, status: 'failed', reason: `[${code}] ${message}`, remedy };
  }

  get #waitedMs(): number {
    return this.#options.clock.monotonic() - (this.#since ?? Number.POSITIVE_INFINITY);
  }

  #end(error: HawserError | undefined): void {
    this.#since = undefined;
    this.#error = error;
    this.#options.ended();
  }
}
