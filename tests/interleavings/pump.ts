import { setTimeout as pause } from 'node:timers/promises';
import type { HeldClock } from '@hawser/core/testing';

/** How long real input and output may take before held time is moved on. */
const REAL_MS = 10;
const STEP_MS = 500;
const MOST_STEPS = 2_000;

/** Moves held time on for as long as the work waits for it, but not while it waits for the disk. */
export async function pump<T>(clock: HeldClock, work: Promise<T>): Promise<T> {
  let done = false;
  const settled = work.then(
    () => void (done = true),
    () => void (done = true),
  );
  for (let step = 0; step < MOST_STEPS; step++) {
    for (let round = 0; round < 20 && !isDone(); round++) await new Promise((resolve) => setImmediate(resolve));
    if (!isDone()) await Promise.race([settled, pause(REAL_MS)]);
    if (isDone()) return work;
    await clock.advance(STEP_MS);
  }
  throw new Error(`not done within ${(MOST_STEPS * STEP_MS) / 1000} s of held time`);

  function isDone(): boolean {
    return done;
  }
}
