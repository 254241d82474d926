import { type Context, type FaultInjector, type Random, seededRandom } from '../context/index.ts';
import { type HeldClock, heldClock } from './held-clock.ts';

/** What of a test's context differs from the defaults. */
export interface TestContextOptions {
  /** 1 unless told. */
  readonly seed?: number;
  /** Milliseconds since the epoch. */
  readonly start?: number;
  readonly faults?: FaultInjector;
}

/** A context whose time and randomness a test holds. */
export interface TestContext extends Context {
  readonly clock: HeldClock;
  readonly random: Random;
}

/** A held clock, seeded randomness whose ids carry that clock's time, and the faults that a test injects. */
export function testContext(options: TestContextOptions = {}): TestContext {
  const clock = heldClock(options.start);
  return {
    clock,
    random: seededRandom(options.seed ?? 1, clock),
    ...(options.faults === undefined ? {} : { faults: options.faults }),
  };
}
