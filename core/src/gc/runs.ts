import type { Logger } from 'pino';
import type { Clock } from '../context/index.ts';
import { toHawserError } from '../errors/index.ts';
import type { Collection } from './collection.ts';
import type { Cycle } from './cycle.ts';
import { gcErrors } from './errors.ts';
import type { CollectionReport, GcStatus, Node } from './gc.ts';
import type { KnownTypes } from './known-types.ts';
import { Report } from './report.ts';
import type { GcSettings } from './settings.ts';
import type { Statistics } from './statistics.ts';
import type { Timetable } from './timetable.ts';
import type { Outcome, Undertaking } from './undertaking.ts';
import type { Undertakings } from './undertakings.ts';

export interface RunsOptions {
  readonly clock: Clock;
  readonly log: Logger;
  readonly settings: Pick<GcSettings, 'retryFirstMs' | 'retryMaxMs'>;
  readonly collection: Collection;
  readonly cycle: Cycle;
  readonly types: KnownTypes;
  readonly undertakings: Undertakings;
  readonly timetable: Timetable;
  readonly statistics: Statistics;
}

/** How a run is made. */
export interface RunMode {
  /** Clean-ups that wait for their next attempt begin it now. */
  readonly hurry: boolean;
  readonly protectMs: number;
}

interface Swept {
  readonly live: number;
  readonly outcomes: ReadonlyMap<Undertaking, Promise<Outcome>>;
}

/** Runs of collection: each marks and condemns in its turn, and waits for its clean-ups beside the others. */
export class Runs {
  readonly #options: RunsOptions;
  #turn: Promise<unknown> = Promise.resolve();
  #lastRun: GcStatus['lastRun'];
  #lastError: string | undefined;

  constructor(options: RunsOptions) {
    this.#options = options;
  }

  get last(): Pick<GcStatus, 'lastRun' | 'lastError'> {
    return {
      ...(this.#lastRun === undefined ? {} : { lastRun: this.#lastRun }),
      ...(this.#lastError === undefined ? {} : { lastError: this.#lastError }),
    };
  }

  /** What a run would remove. It waits for its turn, since a mark needs views, and there are few of those. */
  explain(): Promise<CollectionReport> {
    return this.#inTurn(() => this.#options.cycle.explain());
  }

  /** Resolves when every clean-up that it began, or found waiting, has ended or failed once. */
  async run(mode: RunMode): Promise<CollectionReport> {
    const { clock } = this.#options;
    const began = clock.monotonic();
    const report = new Report();
    const { live, outcomes } = await this.#inTurn(() => this.#sweep(mode, report));
    await Promise.all(Array.from(outcomes, ([undertaking, outcome]) => this.#await(undertaking, outcome, report)));
    const done = report.close(live, clock.monotonic() - began);
    this.#lastRun = { at: new Date(clock.now()).toISOString(), report: done };
    await this.#tell(done);
    return done;
  }

  /**
   * Marks and condemns. Fails as a whole when one collector can't answer, and is tried again later. What is condemned
   * already is cleaned up all the same.
   */
  async #sweep({ hurry, protectMs }: RunMode, report: Report): Promise<Swept> {
    const { timetable, types, cycle, statistics, settings } = this.#options;
    const outcomes = new Map<Undertaking, Promise<Outcome>>();
    try {
      timetable.begun();
      this.#resume(hurry, outcomes);
      await types.storeAll();
      const { marking, busyMs, longestMs } = await cycle.mark(protectMs);
      timetable.marked(busyMs, marking.nextExpiry);
      statistics.marked({ nodes: marking.nodes, busyMs, longestMs });
      for (const node of marking.circular) report.fail(node, gcErrors.cycle('it refers to itself by way of others'));
      for (const [undertaking, outcome] of await cycle.sweep(marking, protectMs, report)) outcomes.set(undertaking, outcome);
      this.#lastError = undefined;
      this.#resume(hurry, outcomes);
      return { live: marking.live, outcomes };
    } catch (error) {
      this.#lastError = toHawserError(error).message;
      statistics.failed();
      timetable.failed(settings.retryFirstMs, settings.retryMaxMs);
      throw error;
    }
  }

  /** Begins, or hurries, the clean-up of what is condemned already, but for what is among the outcomes. */
  #resume(hurry: boolean, outcomes: Map<Undertaking, Promise<Outcome>>): void {
    const { collection, undertakings } = this.#options;
    for (const [node, { reason }] of collection.condemned()) {
      const former = undertakings.begin(node, reason, false);
      if (former !== undefined && !outcomes.has(former)) outcomes.set(former, hurry ? former.attemptInTurn() : former.outcome);
    }
  }

  /** Waits for an attempt, and for what follows from it. */
  async #await(undertaking: Undertaking, outcome: Promise<Outcome>, report: Report): Promise<void> {
    try {
      const { removed, next } = await outcome;
      report.remove(removed);
      await Promise.all(next.map((following) => this.#await(following, following.outcome, report)));
    } catch (error) {
      report.fail(undertaking.node, toHawserError(error));
    }
  }

  /** Publishes one event for a run that changed something. The run has not failed where that fails. */
  async #tell({ removed, failed, kept, durationMs }: CollectionReport): Promise<void> {
    if (removed.length + failed.length === 0) return;
    const data = { removed: countByType(removed), failed: countByType(failed), kept, durationMs: Math.round(durationMs) };
    try {
      await this.#options.collection.tell({ topic: '/gc/collected', data });
    } catch (error) {
      this.#options.log.warn({ err: error }, 'a collection could not be told');
    }
  }

  #inTurn<T>(work: () => Promise<T>): Promise<T> {
    const turn = this.#turn.then(work);
    this.#turn = turn.catch(() => undefined);
    return turn;
  }
}

const countByType = (nodes: readonly Node[]): Readonly<Record<string, number>> => {
  const counts: Record<string, number> = {};
  for (const { type } of nodes) counts[type] = (counts[type] ?? 0) + 1;
  return counts;
};
