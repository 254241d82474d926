import { type Clock, untilAborted, withDeadline } from '../context/index.ts';
import { toHawserError } from '../errors/index.ts';
import type { Registered } from './collectors.ts';
import { gcErrors } from './errors.ts';
import type { NamespacedNode, Settling } from './gc.ts';
import type { Lane } from './lane.ts';
import { nodeName } from './node.ts';

/** What an attempt came to: other nodes that went or are going now because this one is gone. */
export interface Outcome {
  readonly removed: readonly (NamespacedNode & { readonly reason: string })[];
  readonly next: readonly Undertaking[];
}

export interface UndertakingOptions {
  readonly node: NamespacedNode;
  /** Why it goes. */
  readonly reason: string;
  /** Where it waits for its turn, unless somebody waits for it. */
  readonly lane: Lane;
  /** Somebody waits for it. */
  readonly urgent: boolean;
  readonly registered: Registered;
  readonly clock: Clock;
  readonly deadlineMs: number;
  readonly retry: { readonly firstMs: number; readonly maxMs: number };
  /** Aborts when garbage collection stops. */
  readonly signal: AbortSignal;
  /** Deletes the record; what went along and what goes next. */
  finish(): Promise<Outcome>;
  /** Takes down that an attempt failed. */
  failed(error: Error, attempts: number): Promise<void>;
}

/**
 * The way of one condemned node: clean up until that succeeds, then finish. Attempts never overlap unless one has
 * hung past its deadline for as long as the longest pause.
 */
export class Undertaking {
  readonly node: NamespacedNode;
  /** Resolves when nothing is left of the node; rejects only when garbage collection or its type stops. */
  readonly finished: Promise<void>;
  readonly #options: UndertakingOptions;
  readonly #signal: AbortSignal;
  #attempt = unheard<Outcome>();
  #hurry = unheard<void>();
  readonly #urgency = unheard<undefined>();
  #urgent: boolean;
  #state: 'running' | 'waiting' = 'waiting';

  constructor(options: UndertakingOptions) {
    this.node = options.node;
    this.#options = options;
    this.#urgent = options.urgent;
    this.#signal = AbortSignal.any([options.signal, options.registered.signal]);
    this.finished = this.#work();
    this.finished.catch(() => {}); // told through `failed`, or it is the stop itself
  }

  get state(): 'running' | 'waiting' {
    return this.#state;
  }

  /** The outcome of the attempt under way, or of the next one, which then begins at once. */
  attempt(): Promise<Outcome> {
    this.#urgent = true;
    this.#urgency.resolve(undefined);
    return this.attemptInTurn();
  }

  /** The same where others that wait for their turn go first. */
  attemptInTurn(): Promise<Outcome> {
    this.#hurry.resolve();
    return this.#attempt.promise;
  }

  /** The outcome of the attempt under way or of the next one, whenever that is. */
  get outcome(): Promise<Outcome> {
    return this.#attempt.promise;
  }

  async #work(): Promise<void> {
    for (let attempts = 1; ; attempts++) {
      const attempt = this.#attempt;
      try {
        attempt.resolve(await this.#try(attempt));
        return;
      } catch (error) {
        this.#attempt = unheard();
        this.#hurry = unheard();
        attempt.reject(error);
        if (this.#signal.aborted) {
          this.#attempt.reject(this.#signal.reason);
          throw error;
        }
        await this.#pause(toHawserError(error), attempts);
      }
    }
  }

  async #try(attempt: PromiseWithResolvers<Outcome>): Promise<Outcome> {
    const settling = await this.#inTurn();
    if (settling !== undefined) {
      attempt.resolve({ removed: [{ ...this.node, reason: this.#options.reason }], next: [] });
      await this.#bounded(() => settling.settled);
    }
    return this.#options.finish();
  }

  async #inTurn(): Promise<Settling | undefined> {
    using place = await this.#turn();
    this.#state = 'running';
    return await this.#bounded(
      (signal) => this.#cleanup(signal),
      () => place?.[Symbol.dispose](),
    );
  }

  /** A place in the lane; none where somebody waits for this very node, for whoever waits does not queue behind others. */
  async #turn(): Promise<Disposable | undefined> {
    if (this.#urgent) return undefined;
    const leaving = new AbortController();
    const place = this.#options.lane.enter(leaving.signal);
    let taken: Disposable | undefined;
    try {
      taken = await untilAborted(Promise.race([place, this.#urgency.promise]), this.#signal);
      return taken;
    } finally {
      if (taken === undefined) {
        leaving.abort(gcErrors.stopping('its turn is not waited for any more'));
        place.then(
          (late) => late[Symbol.dispose](),
          () => undefined,
        );
      }
    }
  }

  async #cleanup(signal: AbortSignal): Promise<Settling | undefined> {
    const { cleanup } = this.#options.registered.collector;
    const { key, namespace } = this.node;
    return (await cleanup?.(key, signal, namespace)) ?? undefined;
  }

  /** What hangs past its deadline is waited for as long as the longest pause lasts: it may still come to its end. */
  async #bounded<T>(work: (signal: AbortSignal) => Promise<T>, late: () => void = () => undefined): Promise<T> {
    const { clock, deadlineMs, retry } = this.#options;
    const tooLate = () => gcErrors.cleanupTimedOut(`cleaning up ${nodeName(this.node)} took more than ${deadlineMs} ms`);
    let running: Promise<T> | undefined;
    try {
      return await withDeadline(clock, deadlineMs, tooLate, (signal) => (running = work(signal)), this.#signal);
    } catch (error) {
      if (running === undefined || !gcErrors.cleanupTimedOut.is(error)) throw error;
      this.#fail(error);
      late();
      const hung = () => gcErrors.cleanupTimedOut(`cleaning up ${nodeName(this.node)} hangs: it did not end when it was told to`);
      const rest = running;
      return withDeadline(clock, retry.maxMs, hung, () => rest, this.#signal);
    }
  }

  /** Answers who waits; the work goes on. */
  #fail(error: Error): void {
    const attempt = this.#attempt;
    attempt.reject(error);
  }

  async #pause(error: Error, attempts: number): Promise<void> {
    this.#state = 'waiting';
    const { clock, retry } = this.#options;
    await this.#options.failed(error, attempts);
    const pause = Math.min(retry.firstMs * 2 ** Math.min(attempts - 1, 30), retry.maxMs);
    const over = Promise.withResolvers<void>();
    using _timer = clock.timer(pause, () => over.resolve());
    // A stop ends the pause too; the next attempt finds it and tells.
    await untilAborted(Promise.race([over.promise, this.#hurry.promise]), this.#signal).catch(() => undefined);
  }
}

/** A promise that may be rejected with nobody waiting for it. */
function unheard<T>(): PromiseWithResolvers<T> {
  const resolvers = Promise.withResolvers<T>();
  resolvers.promise.catch(() => {});
  return resolvers;
}
