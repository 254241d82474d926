import type { Clock } from './clock.ts';

/** A signal with the timer behind it; disposing it ends the timer. */
export interface Deadline extends Disposable {
  readonly signal: AbortSignal;
}

/**
 * A signal that aborts with a TimeoutError after `ms` of the clock, or with the reason of one of the others as soon as
 * that aborts. `what` is a gerund for the message: "attaching a/eth0 took longer than 60 s".
 */
export function deadlineSignal(clock: Clock, ms: number, what: string, ...others: readonly AbortSignal[]): Deadline {
  const controller = new AbortController();
  const timer = clock.timer(ms, () => controller.abort(new DOMException(`${what} took longer than ${ms / 1000} s`, 'TimeoutError')));
  return { signal: AbortSignal.any([controller.signal, ...others]), [Symbol.dispose]: () => timer[Symbol.dispose]() };
}
