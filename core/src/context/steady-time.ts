import type { Clock } from './clock.ts';

/** What two looks may differ by before it counts as a jump: clocks are disciplined in smaller steps. */
const TOLERANCE_MS = 2_000;
/** How long time goes on as if nobody had set the clock. */
const GRACE_MS = 600_000;

/**
 * The wall clock's time for what runs out, which a jump does not carry along at once: for ten minutes after it time goes on as the
 * monotonic clock counts, then the wall clock holds again. So that whoever is at work under a lease of minutes has all of it when somebody
 * sets the clock. A machine that was suspended looks like one whose clock has jumped ahead.
 */
export interface SteadyTime {
  /** Milliseconds since the epoch. */
  now(): number;
  /**
   * When a duration that begins now is over, for comparison with `now`. One that outlives the ten minutes after a jump is counted from the
   * later of both clocks, so that it is not over early; a shorter one is on time whichever way the jump ends.
   * `wall`: what the wall clock has said, for who has asked already.
   */
  after(durationMs: number, wall?: number): number;
}

const known = new WeakMap<object, SteadyTime>();

/** The steady time of a clock: one for all who ask, so that they agree. */
export function steadyTime(clock: Pick<Clock, 'now' | 'monotonic'>): SteadyTime {
  const time = known.get(clock) ?? new Steady(clock);
  known.set(clock, time);
  return time;
}

/** A clock whose wall clock is the steady time. */
export const steadyClock = (clock: Clock): Omit<Clock, 'sleep'> => ({
  now: () => steadyTime(clock).now(),
  monotonic: () => clock.monotonic(),
  timer: (ms, callback) => clock.timer(ms, callback),
});

class Steady implements SteadyTime {
  readonly #clock: Pick<Clock, 'now' | 'monotonic'>;
  /** What is added to the monotonic time. */
  #offset: number;
  /** When the jump was seen that has not been taken over yet, by the monotonic clock. */
  #jumpedAt: number | undefined;

  constructor(clock: Pick<Clock, 'now' | 'monotonic'>) {
    this.#clock = clock;
    this.#offset = clock.now() - clock.monotonic();
  }

  now(): number {
    return this.#at(this.#clock.now());
  }

  #at(wall: number): number {
    const monotonic = this.#clock.monotonic();
    const steady = monotonic + this.#offset;
    if (Math.abs(wall - steady) > TOLERANCE_MS) {
      this.#jumpedAt ??= monotonic;
      if (monotonic - this.#jumpedAt < GRACE_MS) return steady;
    }
    this.#jumpedAt = undefined;
    this.#offset = wall - monotonic;
    return wall;
  }

  after(durationMs: number, wall = this.#clock.now()): number {
    const steady = this.#at(wall);
    const left = this.#jumpedAt === undefined ? Number.POSITIVE_INFINITY : this.#jumpedAt + GRACE_MS - this.#clock.monotonic();
    return (durationMs <= left ? steady : Math.max(wall, steady)) + durationMs;
  }
}
