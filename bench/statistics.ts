/** What is told of a series of measurements. */
export interface Summary {
  readonly median: number;
  readonly p90: number;
  readonly min: number;
  readonly samples: number;
}

/** Nearest-rank percentile of a series that is not empty. */
export function percentile(values: readonly number[], rank: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[Math.max(0, Math.ceil((rank / 100) * sorted.length) - 1)] ?? Number.NaN;
}

export function summarize(values: readonly number[]): Summary {
  return { median: percentile(values, 50), p90: percentile(values, 90), min: Math.min(...values), samples: values.length };
}
