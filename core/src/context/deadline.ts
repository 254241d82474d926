import type { Clock } from './clock.ts';

/** A signal for as long as it is needed: disposed it ends its timer and follows no other signal any more. */
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

/** By hand, because AbortSignal.any costs several times as much, and each call waits within three or four of these. */
function signalUntil(clock: Clock, ms: number, late: () => Error, others: readonly AbortSignal[]): Deadline {
  const controller = new AbortController();
  const aborted = others.find((other) => other.aborted);
  if (aborted !== undefined) controller.abort(aborted.reason);
  const timer = clock.timer(ms, () => controller.abort(late()));
  const follow = others.map((other) => {
    const abort = (): void => controller.abort(other.reason);
    other.addEventListener('abort', abort, { once: true });
    return () => other.removeEventListener('abort', abort);
  });
  const leave = (): void => {
    timer[Symbol.dispose]();
    for (const unfollow of follow) unfollow();
  };
  return { signal: controller.signal, [Symbol.dispose]: leave };
}
