import { setTimeout as pause } from 'node:timers/promises';
import type { Machine } from './machine.ts';

/** Turns without anything under way after which only time can help. */
const STILL_TURNS = 3;
const STEP_MS = 500;
const MOST_STEPS = 2_000;
/** Real time after which input and output is not waited for any more. */
const MOST_REAL_MS = 60_000;

/**
 * Passes turns until the work is done, and moves held time on where it waits for nothing else. `realMs`: how long files
 * of which nobody tells, as those that are closed, may take before that.
 */
export async function pump<T>({ context, turns }: Pick<Machine, 'context' | 'turns'>, work: Promise<T>, realMs = 0): Promise<T> {
  let done = false;
  const finish = () => void (done = true);
  const finished = work.then(finish, finish);
  const isDone = (): boolean => done;
  const end = performance.now() + MOST_REAL_MS;
  for (let step = 0; step < MOST_STEPS; step++) {
    for (let still = 0; still < STILL_TURNS && !isDone(); still = turns.quiet ? still + 1 : 0) {
      await turns.next();
      if (performance.now() > end) throw new Error(`not done within ${MOST_REAL_MS / 1000} s`);
    }
    if (realMs > 0 && !isDone()) await Promise.race([finished, pause(realMs)]);
    if (isDone()) return work;
    await context.clock.advance(STEP_MS);
  }
  throw new Error(`not done within ${(MOST_STEPS * STEP_MS) / 1000} s of held time`);
}
