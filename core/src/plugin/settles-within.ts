import type { Clock } from '../context/index.ts';

/** Waits until `work` settles, however, or `ms` have passed; says whether it has settled. */
export async function settlesWithin(clock: Clock, ms: number, work: Promise<unknown>): Promise<boolean> {
  const overdue = Promise.withResolvers<boolean>();
  using _timer = clock.timer(ms, () => overdue.resolve(false));
  const settled = (): boolean => true;
  return await Promise.race([work.then(settled, settled), overdue.promise]);
}
