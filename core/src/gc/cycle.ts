import { type Clock, deadlineSignal } from '../context/index.ts';
import type { StoreName } from '../metadata/store.ts';
import type { Collection } from './collection.ts';
import type { Collectors } from './collectors.ts';
import type { CollectionReport } from './gc.ts';
import type { Garbage, Marking } from './mark.ts';
import { Pace } from './pace.ts';
import type { Report } from './report.ts';
import type { Outcome, Undertaking } from './undertaking.ts';
import type { Undertakings } from './undertakings.ts';
import type { Undisturbed } from './undisturbed.ts';

export interface CycleOptions {
  readonly collection: Collection;
  readonly collectors: Collectors;
  readonly undertakings: Undertakings;
  readonly clock: Clock;
  readonly sliceMs: number;
  readonly signal: AbortSignal;
  /** Deletes the leases that have run out. */
  expireLeases(pace: Pace, lifetime: AbortSignal): Promise<void>;
}

/** A view that is held longer makes the store grow; a mark that needs it fails, and is tried again. */
const VIEW_LIFETIME_MS = 120_000;
/** Most sweeps are done with their first transaction, where it may take this many slices. */
const FIRST_SLICES = 2;
/** State refers to root: what goes there frees what is here. */
const ORDER: readonly StoreName[] = ['state', 'root'];

/** What a mark found, and what tells whether it holds still. */
export type Found = Marking & { readonly undisturbed: Undisturbed };

/** What a mark came to, and what it cost. */
export interface Marked {
  readonly marking: Found;
  readonly busyMs: number;
  readonly longestMs: number;
}

/** One collection of everything: mark, then sweep. */
export class Cycle {
  readonly #options: CycleOptions;

  constructor(options: CycleOptions) {
    this.#options = options;
  }

  async mark(protectMs: number): Promise<Marked> {
    const { clock, collection, signal, expireLeases } = this.#options;
    using lifetime = deadlineSignal(clock, VIEW_LIFETIME_MS, 'marking', signal);
    const pace = this.#pace(lifetime.signal);
    await expireLeases(pace, lifetime.signal);
    const marking = await collection.mark({ pace, lifetime: lifetime.signal, protectMs });
    return { marking, busyMs: pace.busyMs, longestMs: pace.longestMs };
  }

  /** What would go, and why. */
  async explain(): Promise<CollectionReport> {
    const { clock, collection, signal } = this.#options;
    const began = clock.monotonic();
    using lifetime = deadlineSignal(clock, VIEW_LIFETIME_MS, 'marking', signal);
    const pace = this.#pace(lifetime.signal);
    const { garbage, live, reasons } = await collection.mark({ pace, lifetime: lifetime.signal, protectMs: 0, explained: true });
    const removed = garbage.map(({ namespace, type, key }, index) => ({ namespace, type, key, reason: reasons[index] ?? '' }));
    return { removed, kept: live, failed: [], durationMs: clock.monotonic() - began };
  }

  /** Condemns what is still garbage, in bounded transactions with turns of others between them. Returns what was begun. */
  async sweep({ garbage, undisturbed }: Found, protectMs: number, report: Report): Promise<ReadonlyMap<Undertaking, Promise<Outcome>>> {
    const begun = new Map<Undertaking, Promise<Outcome>>();
    for (const store of ORDER) {
      for (const nodes of byNamespace(garbage.filter(({ type }) => this.#storeOf(type) === store)).values()) {
        for (let start = 0; start < nodes.length;) {
          const bounds = { protectMs, undisturbed, slices: start === 0 ? FIRST_SLICES : 1 };
          const { step, done } = await this.#options.collection.condemn(store, nodes.slice(start, start + 256), bounds);
          start += done;
          const { removed, next } = this.#options.undertakings.carryOut(step, false);
          report.remove(removed);
          for (const undertaking of next) begun.set(undertaking, undertaking.outcome);
          await this.#pace(this.#options.signal).rest();
        }
      }
    }
    return begun;
  }

  #storeOf(type: string): StoreName | undefined {
    return this.#options.collectors.get(type)?.collector.store;
  }

  #pace(signal: AbortSignal): Pace {
    const { clock, sliceMs } = this.#options;
    return new Pace({ clock, sliceMs, signal });
  }
}

const byNamespace = (nodes: readonly Garbage[]): ReadonlyMap<string, readonly Garbage[]> =>
  Map.groupBy(nodes, ({ namespace }) => namespace);
