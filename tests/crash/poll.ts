import { setTimeout as pause } from 'node:timers/promises';

/** Asks again until it is so; an error that names what was waited for after ten seconds. */
export async function poll(what: string, isSo: () => boolean | Promise<boolean>): Promise<void> {
  const end = performance.now() + 10_000;
  while (!(await isSo())) {
    if (performance.now() > end) throw new Error(`not within 10 s: ${what}`);
    await pause(20);
  }
}
