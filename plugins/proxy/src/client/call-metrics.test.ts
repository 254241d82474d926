import { countedMetrics, heldClock } from '@hawser/core/testing';
import { expect, it } from 'vitest';
import { CallMetrics } from './call-metrics.ts';

it('whether a process is up is told for as long as its plugin is there: one that a reload takes out is not down', async () => {
  const metrics = countedMetrics();
  const told = async (): Promise<string> => (await metrics.expose()).text;
  const one = new CallMetrics(metrics, 'one', heldClock());
  const two = new CallMetrics(metrics, 'two', heldClock());
  one.up(true);
  two.up(false);
  expect(await told()).toBe('hawser_proxy_up_ratio{plugin="one"} 1\nhawser_proxy_up_ratio{plugin="two"} 0\n');
  two[Symbol.dispose]();
  expect(await told()).toBe('hawser_proxy_up_ratio{plugin="one"} 1\n');
});
