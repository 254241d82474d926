import type { Clock } from './clock.ts';
import type { Random } from './random.ts';
import { timeOrderedId } from './time-ordered-id.ts';

/**
 * Randomness that repeats itself: the same seed gives the same sequence (mulberry32). Ids carry the time of `clock`,
 * or count up where there is none.
 */
export function seededRandom(seed: number, clock?: Pick<Clock, 'now'>): Random {
  let state = seed >>> 0;
  let counted = 0;
  const word = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const bytes = (size: number): Uint8Array => Uint8Array.from({ length: size }, () => word() & 0xff);
  return {
    bytes,
    integer: (bound) => Math.floor((word() / 2 ** 32) * bound),
    id: () => timeOrderedId(clock?.now() ?? counted++, bytes(10)),
  };
}
