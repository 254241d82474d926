import type { Clock } from '../context/index.ts';

/** A clock that stands still until a test moves it. */
export interface HeldClock extends Clock {
  /** Timers and sleeps that wait. */
  readonly waiting: number;
  /**
   * Moves time on by `ms`. Whatever falls due on the way runs in order of its time, each with the clock at that time,
   * and what it sets off by promises has run before the next one and before this resolves.
   */
  advance(ms: number): Promise<void>;
  /** Sets the wall clock so much ahead, or back, as somebody does who sets a machine's: what waits goes on waiting. */
  setBy(ms: number): void;
  /**
   * Moves time from one timer to the next until `promise` settles, and settles like it. Waits for real I/O when no
   * timer is left. Rejects when `limitMs` of held time (an hour unless told) did not suffice.
   */
  runUntil<T>(promise: Promise<T>, limitMs?: number): Promise<T>;
}

interface Waiting {
  readonly due: number;
  readonly order: number;
  readonly run: () => void;
}

const HOUR_MS = 3_600_000;

/** Rounds of the event loop that promises get to react; real I/O such as a commit may need more and is not waited for. */
const REACTION_ROUNDS = 4;

/** A clock that starts at `start` (milliseconds since the epoch) and moves only by `advance` and `runUntil`. */
export function heldClock(start: number = Date.UTC(2026, 0, 1)): HeldClock {
  const timers = new Set<Waiting>();
  let elapsed = 0;
  let set = 0;
  let order = 0;

  const add = (ms: number, run: () => void): Waiting => {
    const timer = { due: elapsed + Math.max(0, ms), order: order++, run };
    timers.add(timer);
    return timer;
  };
  const next = (): Waiting | undefined => [...timers].sort((a, b) => a.due - b.due || a.order - b.order)[0];
  const runNext = async (timer: Waiting): Promise<void> => {
    timers.delete(timer);
    elapsed = Math.max(elapsed, timer.due);
    timer.run();
    await reactions();
  };

  return {
    now: () => start + set + Math.floor(elapsed),
    monotonic: () => elapsed,
    sleep: (ms, signal) => sleep(ms, signal, add, timers),
    timer(ms, callback) {
      const timer = add(ms, callback);
      return { [Symbol.dispose]: () => void timers.delete(timer) };
    },
    get waiting() {
      return timers.size;
    },
    setBy: (ms) => void (set += ms),
    async advance(ms) {
      const end = elapsed + ms;
      await reactions();
      for (let timer = next(); timer !== undefined && timer.due <= end; timer = next()) await runNext(timer);
      elapsed = end;
    },
    async runUntil(promise, limitMs = HOUR_MS) {
      const end = elapsed + limitMs;
      let settled = false;
      const done = () => void (settled = true);
      promise.then(done, done);
      await reactions();
      while (!settled) {
        const timer = next();
        if (timer === undefined) await reactions();
        else if (timer.due > end) throw new Error(`still pending after ${limitMs} ms of held time`);
        else await runNext(timer);
      }
      return promise;
    },
  };
}

function sleep(ms: number, signal: AbortSignal, add: (ms: number, run: () => void) => Waiting, timers: Set<Waiting>): Promise<void> {
  if (signal.aborted) return Promise.reject(signal.reason);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const abort = () => {
    timers.delete(timer);
    reject(signal.reason);
  };
  const timer = add(ms, () => {
    signal.removeEventListener('abort', abort);
    resolve();
  });
  signal.addEventListener('abort', abort, { once: true });
  return promise;
}

async function reactions(): Promise<void> {
  for (let round = 0; round < REACTION_ROUNDS; round++) await new Promise((resolve) => setImmediate(resolve));
}
