import type { Clock } from '../context/index.ts';

/**
 * Runs `work` with a signal that aborts when `signal` does or when `ms` have passed, and rejects then, whether the
 * work minds its signal or not.
 */
export async function withDeadline<T>(clock: Clock, ms: number, signal: AbortSignal, late: () => Error, work: (signal: AbortSignal) => Promise<T>): Promise<T> {
  signal.throwIfAborted();
  const controller = new AbortController();
  const { promise: ended, reject } = Promise.withResolvers<never>();
  const end = (reason: unknown) => {
    controller.abort(reason);
    reject(reason);
  };
  const abort = () => end(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  using _timer = clock.timer(ms, () => end(late()));
  try {
    return await Promise.race([work(controller.signal), ended]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}

/** The promise for a caller who may leave: rejects with the signal's reason while the work goes on. */
export async function leaving<T>(promise: Promise<T>, signal: AbortSignal): Promise<T> {
  promise.catch(() => {}); // nobody may be left to hear it; whoever does the work has told of it
  signal.throwIfAborted();
  const { promise: left, reject } = Promise.withResolvers<never>();
  const abort = () => reject(signal.reason);
  signal.addEventListener('abort', abort, { once: true });
  try {
    return await Promise.race([promise, left]);
  } finally {
    signal.removeEventListener('abort', abort);
  }
}
