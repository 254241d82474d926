import { expect, test } from 'vitest';
import { percentile, summarize } from './statistics.ts';

test('percentiles are values of the series, by nearest rank', () => {
  const series = [5, 1, 4, 2, 3, 6, 10, 9, 8, 7];
  expect(percentile(series, 50)).toBe(5);
  expect(percentile(series, 90)).toBe(9);
  expect(percentile([3], 90)).toBe(3);
});

test('a summary holds median, 90th percentile, minimum and how many there were', () => {
  expect(summarize([4, 1, 3, 2])).toEqual({ median: 2, p90: 4, min: 1, samples: 4 });
});
