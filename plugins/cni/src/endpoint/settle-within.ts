import type { Clock } from '@hawser/core';

/**
 * Settles like `work`, but at the latest `graceMs` after the signal has aborted, with its reason: work that was told
 * to end gets time to undo what it began, and a client is answered even when it never does.
 */
export async function settleWithin<T>(work: Promise<T>, signal: AbortSignal, clock: Clock, graceMs: number): Promise<T> {
  const overdue = Promise.withResolvers<never>();
  let timer: Disposable | undefined;
  const begin = () => void (timer = clock.timer(graceMs, () => overdue.reject(signal.reason)));
  if (signal.aborted) begin();
  else signal.addEventListener('abort', begin, { once: true });
  try {
    return await Promise.race([work, overdue.promise]);
  } finally {
    signal.removeEventListener('abort', begin);
    timer?.[Symbol.dispose]();
  }
}
