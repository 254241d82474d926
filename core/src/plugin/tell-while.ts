import type { Clock } from '../context/index.ts';

/** How long one waits in silence; each further word comes after twice as long. */
const FIRST_WORD_MS = 2000;

/** Calls `tell` after 2 s, 6 s, 14 s and so on, until disposed. */
export function tellWhile(clock: Clock, tell: () => void): Disposable {
  let timer: Disposable | undefined;
  const arm = (ms: number): void => {
    timer = clock.timer(ms, () => {
      tell();
      arm(ms * 2);
    });
  };
  arm(FIRST_WORD_MS);
  return { [Symbol.dispose]: () => timer?.[Symbol.dispose]() };
}
