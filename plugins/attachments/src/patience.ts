import type { Clock } from '@hawser/core';

/** How long work may go on after it was told to stop, before its caller is answered without it. */
const GRACE_MS = 2_000;

/** The work's outcome; when it ignores its signal, `hangs()` after a short grace. The work itself goes on. */
export async function patience<T>(clock: Clock, signal: AbortSignal, work: Promise<T>, hangs: () => Error): Promise<T> {
  const gaveUp = Promise.withResolvers<never>();
  let grace: Disposable | undefined;
  const onAbort = () => {
    grace = clock.timer(GRACE_MS, () => gaveUp.reject(hangs()));
  };
  signal.addEventListener('abort', onAbort, { once: true });
  try {
    if (signal.aborted) onAbort();
    return await Promise.race([work, gaveUp.promise]);
  } finally {
    signal.removeEventListener('abort', onAbort);
    grace?.[Symbol.dispose]();
    // Whoever has given up does not want to hear of it; the engine undoes it whatever it comes to.
    work.catch(() => {});
  }
}
