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
  return signalUntil(clock, ms, () => new DOMException(`${what} took longer than ${ms / 1000} s`, 'TimeoutError'), others);
}

/**
 * Runs `work` with a signal that aborts with `late()` after `ms` of the clock, or with the reason of one of the others.
 * Rejects with that as soon as it aborts, whether the work minds its signal or not; the work itself may go on.
 */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  late: () => Error,
  work: (signal: AbortSignal) => T | Promise<T>,
  ...others: readonly AbortSignal[]
): Promise<T> {
  using deadline = signalUntil(clock, ms, late, others);
  deadline.signal.throwIfAborted();
  return await untilAborted(Promise.resolve(work(deadline.signal)), deadline.signal);
}

/** The promise for a caller who may leave: rejects with the signal's reason while the work behind it goes on. */
export async function untilAborted<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  promise.catch(() => undefined); // who has left does not hear it
  signal.throwIfAborted();
  const { promise: left, reject } = Promise.withResolvers<never>();
  const abort = (): void => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, left]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

function signalUntil(clock: Clock, ms: number, late: () => Error, others: readonly AbortSignal[]): Deadline {
  const controller = new AbortController();
  const timer = clock.timer(ms, () => controller.abort(late()));
  return { signal: AbortSignal.any([controller.signal, ...others]), [Symbol.dispose]: () => timer[Symbol.dispose]() };
}
