import type { Clock } from '@hawser/core';

/** Milliseconds since a moment of the monotonic clock, to the microsecond. */
export const elapsed = ({ clock }: { readonly clock: Pick<Clock, 'monotonic'> }, began: number): number =>
  Math.round((clock.monotonic() - began) * 1000) / 1000;
