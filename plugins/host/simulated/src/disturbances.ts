import type { Context, Random } from '@hawser/core';
import { refuse } from './model/refusal.ts';
import { type Operation, READS } from './operations.ts';

/** Milliseconds: always the same, or between two. */
export type Latency = number | { readonly min: number; readonly max: number };

/** Which call meets a disturbance, and what happens to it. */
export interface Disturbance {
  /** One operation, or every one that changes something. */
  readonly operation: Operation | 'any_change';
  /** Counted from here on: 1 (the default) is the next call. */
  readonly nth?: number;
  /** How many calls from then on; 1 unless told. */
  readonly times?: number;
  /**
   * `before`: refused, nothing done. `after`: refused although done, as when the answer is lost. `hang`: held until
   * `release`, then refused before it was done, or done when no errno is told.
   */
  readonly when: 'before' | 'after' | 'hang';
  /** The errno's name. */
  readonly errno?: string;
  /** Ends a `hang` like `release`. */
  readonly until?: AbortSignal;
}

/** A disturbance that is set up. */
export interface Injected extends Disposable {
  /** How many calls have met it. */
  readonly met: number;
  /** Resolves when the first call meets it. */
  readonly reached: Promise<void>;
  /** Lets hanging calls go on. */
  release(): void;
}

interface Active {
  readonly disturbance: Disturbance;
  readonly reached: PromiseWithResolvers<void>;
  readonly released: PromiseWithResolvers<void>;
  seen: number;
  met: number;
}

/** What tests do to the kernel's calls: latencies, errors, calls that hang. */
export class Disturbances {
  private readonly clock: Context['clock'];
  private readonly random: Random;
  private readonly latencies = new Map<Operation | 'all', Latency>();
  private readonly active = new Set<Active>();
  private readonly counts = new Map<Operation, number>();

  constructor(clock: Context['clock'], random: Random) {
    this.clock = clock;
    this.random = random;
  }

  /** Delays one operation, or all that have no latency of their own. Half passes before the effect, half after. */
  delay(operation: Operation | 'all', latency: Latency): void {
    this.latencies.set(operation, latency);
  }

  inject(disturbance: Disturbance): Injected {
    const active: Active = { disturbance, reached: Promise.withResolvers(), released: Promise.withResolvers(), seen: 0, met: 0 };
    this.active.add(active);
    disturbance.until?.addEventListener('abort', () => active.released.resolve(), { once: true });
    return {
      get met() {
        return active.met;
      },
      reached: active.reached.promise,
      release: () => active.released.resolve(),
      [Symbol.dispose]: () => {
        this.active.delete(active);
        active.released.resolve();
      },
    };
  }

  /** Takes back everything that was injected; hanging calls go on. */
  clear(): void {
    for (const { released } of this.active) released.resolve();
    this.active.clear();
  }

  /** Calls so far. */
  count(operation: Operation): number {
    return this.counts.get(operation) ?? 0;
  }

  /** Runs one call: delay, effect, delay, with what was injected. The effect is synchronous, so calls never mix. */
  async run<T>(operation: Operation, life: AbortSignal, effect: () => T): Promise<T> {
    this.counts.set(operation, this.count(operation) + 1);
    const met = this.meet(operation);
    const half = this.draw(operation) / 2;
    if (half > 0) await this.clock.sleep(half, life);
    if (met?.disturbance.when === 'hang') await met.released.promise;
    if (met !== undefined && met.disturbance.when !== 'after' && met.disturbance.errno !== undefined)
      refuse(met.disturbance.errno, `${operation} was made to fail`);
    life.throwIfAborted();
    const result = effect();
    if (half > 0) await this.clock.sleep(half, life);
    if (met?.disturbance.when === 'after') refuse(met.disturbance.errno ?? 'EIO', `the answer to ${operation} was made to fail`);
    return result;
  }

  private meet(operation: Operation): Active | undefined {
    const hit = [...this.active].filter((active) => applies(active, operation));
    for (const active of hit) {
      active.met++;
      active.reached.resolve();
    }
    return hit[0];
  }

  private draw(operation: Operation): number {
    const latency = this.latencies.get(operation) ?? this.latencies.get('all') ?? 0;
    if (typeof latency === 'number') return latency;
    return latency.min + this.random.integer(Math.max(1, Math.round((latency.max - latency.min) * 1_000) + 1)) / 1_000;
  }
}

/** Counts the call, so it is asked once per call. */
function applies(active: Active, operation: Operation): boolean {
  const { operation: wanted, nth = 1, times = 1 } = active.disturbance;
  if (wanted === 'any_change' ? READS.has(operation) : wanted !== operation) return false;
  active.seen++;
  return active.seen >= nth && active.seen < nth + times;
}
