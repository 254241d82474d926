import type { Clock } from '../context/index.ts';
import type { HawserError } from '../errors/index.ts';

/** Settles as `work` does, or rejects with `late()` once `ms` have passed. `work` itself goes on. */
export async function withDeadline<T>(clock: Clock, ms: number, work: Promise<T>, late: () => HawserError): Promise<T> {
  const overdue = Promise.withResolvers<never>();
  using _timer = clock.timer(ms, () => overdue.reject(late()));
  return await Promise.race([work, overdue.promise]);
}

/** Waits until `work` settles, however, or `ms` have passed; says whether it has settled. */
export async function settlesWithin(clock: Clock, ms: number, work: Promise<unknown>): Promise<boolean> {
  const overdue = Promise.withResolvers<boolean>();
  using _timer = clock.timer(ms, () => overdue.resolve(false));
  return await Promise.race([
    work.then(
      () => true,
      () => true,
    ),
    overdue.promise,
  ]);
}

/**
 * Keeps the process alive until disposed. The clock's timers don't, so a start or a release that waits for something
 * that never comes would otherwise end the process before its deadline, with the other releases untried.
 */
export function keepAlive(): Disposable {
  // oxlint-disable-next-line walls/time -- a handle that never fires tells no time
  const handle = setInterval(() => undefined, 2 ** 30);
  return { [Symbol.dispose]: () => clearInterval(handle) };
}
