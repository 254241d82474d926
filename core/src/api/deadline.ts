import type { Clock } from '../context/index.ts';
import { apiErrors } from './errors.ts';

/** How long a request may take unless its route says otherwise. */
export const DEADLINE_MS = 30_000;

/**
 * Runs one request's work. It is told to stop when the deadline passes or the client goes, and is answered for then
 * even when it doesn't listen.
 */
export async function withDeadline<T>(
  clock: Clock,
  ms: number,
  client: AbortSignal,
  work: (signal: AbortSignal) => T | Promise<T>,
): Promise<T> {
  const deadline = new AbortController();
  using _timer = clock.timer(ms, () => deadline.abort(apiErrors.deadlineExceeded(`the request took longer than ${ms} ms`)));
  const signal = AbortSignal.any([deadline.signal, client]);
  const { promise: stopped, reject } = Promise.withResolvers<never>();
  const stop = () => reject(signal.reason);
  signal.addEventListener('abort', stop, { once: true });
  try {
    signal.throwIfAborted();
    return await Promise.race([work(signal), stopped]);
  } finally {
    signal.removeEventListener('abort', stop);
  }
}
