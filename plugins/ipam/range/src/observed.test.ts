import { countedMetrics } from '@hawser/core/testing';
import { expect, test } from 'vitest';
import { observeRanges } from './observed.ts';
import type { Usage } from './pool.ts';

test('the addresses of a range are counted by state; of a range that is gone nothing is told', async () => {
  const metrics = countedMetrics();
  let usage: readonly Usage[] = [{ range: '10.0.0.0/29', total: 5n, held: 2, cooling: 1 }];
  const observer = observeRanges(metrics, { usage: () => usage });
  await metrics.expose();
  const at = (state: string) => metrics.values.get(`hawser_ipam_range_addresses{range="10.0.0.0/29",state="${state}"}`);
  expect([at('held'), at('cooling'), at('free')]).toEqual([2, 1, 2]);
  usage = [];
  await metrics.expose();
  expect([at('held'), at('cooling'), at('free')]).toEqual([undefined, undefined, undefined]);
  usage = [{ range: '10.0.0.0/29', total: 5n, held: 0, cooling: 0 }];
  await metrics.expose();
  expect(at('free')).toBe(5);
  observer[Symbol.dispose]();
  expect(at('free')).toBeUndefined();
});
