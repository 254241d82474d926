import type { Clock, HawserError } from '@hawser/core';

/** A signal that aborts with `reason()` after `ms`, or when one of `others` does. Disposing stops the timer. */
export function deadlineSignal(
  clock: Clock,
  ms: number,
  reason: () => HawserError,
  others: readonly AbortSignal[] = [],
): { readonly signal: AbortSignal } & Disposable {
  const controller = new AbortController();
  const timer = clock.timer(ms, () => controller.abort(reason()));
  return { signal: AbortSignal.any([controller.signal, ...others]), [Symbol.dispose]: () => timer[Symbol.dispose]() };
}

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
