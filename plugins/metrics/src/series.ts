/**
 * One series, with what was recorded since the library was last told. The library makes some hundred bytes of garbage at each call;
 * on the way of an ADD only a number is kept, and it is told at the scrape.
 */
export interface Series {
  record(value: number): void;
  /** Tells the library. */
  flush(): void;
}

/** Sums up what is added; what would take away is left out. */
export function counterSeries(add: (amount: number) => void): Series {
  let pending: number | undefined;
  return {
    record: (amount) => {
      if (amount >= 0) pending = (pending ?? 0) + amount;
    },
    flush: () => {
      if (pending !== undefined) add(pending);
      pending = undefined;
    },
  };
}

/** Keeps the last value. */
export function gaugeSeries(set: (value: number) => void): Series {
  let last: number | undefined;
  return {
    record: (value) => void (last = value),
    flush: () => {
      if (last !== undefined) set(last);
      last = undefined;
    },
  };
}

/** Observations that are kept before the library is told even without a scrape. */
const KEPT = 128;

/** Keeps what is observed, up to a bound. */
export function histogramSeries(observe: (value: number) => void): Series {
  // Grows with what is observed, for most series are quiet.
  const kept: number[] = [];
  const flush = (): void => {
    for (const value of kept) observe(value);
    kept.length = 0;
  };
  return {
    record: (value) => {
      kept.push(value);
      if (kept.length === KEPT) flush();
    },
    flush,
  };
}
