import { expect, test } from 'vitest';
import { countedMetrics } from '../testing/counted.ts';
import type { Metrics } from './metrics.ts';
import { relayMetrics } from './relay-metrics.ts';

const CALLS = { name: 'hawser_test_calls_total', help: 'Calls.', labels: ['verb'] };
const SIZE = { name: 'hawser_test_size_bytes', help: 'Size.' };

const open = () => {
  const told: unknown[] = [];
  const { value, follow } = relayMetrics((error) => told.push(error));
  return { metrics: value, follow, told };
};

test('what is recorded goes to whoever provides metrics now, and to nobody where nobody does', async () => {
  const { metrics, follow } = open();
  const calls = metrics.counter(CALLS);
  const took = metrics.histogram({ name: 'hawser_test_took_seconds', help: 'Took.', buckets: [1] });
  let size = 1;
  const gauge = metrics.gauge(SIZE);
  using _observed = metrics.onCollect(() => gauge.set(size));
  calls.add(1, { verb: 'add' });
  expect(await metrics.expose()).toEqual({ contentType: expect.stringContaining('text/plain'), text: '' });

  const [first, second] = [countedMetrics(), countedMetrics()];
  follow(first);
  calls.add(undefined, { verb: 'add' });
  calls.add(2, { verb: 'add' });
  took.observe(0.5);
  await metrics.expose();
  expect(Object.fromEntries(first.values)).toEqual({
    'hawser_test_calls_total{verb="add"}': 3,
    hawser_test_took_seconds: 1,
    hawser_test_size_bytes: 1,
  });

  follow(undefined);
  calls.add(1, { verb: 'add' });
  follow(second);
  size = 2;
  gauge.clear();
  await Promise.all([first.expose(), second.expose()]);
  expect(first.values.get('hawser_test_calls_total{verb="add"}')).toBe(3);
  expect(Object.fromEntries(second.values)).toEqual({ hawser_test_size_bytes: 2 });
  gauge.clear();
  expect([first.values.get('hawser_test_size_bytes'), second.values.get('hawser_test_size_bytes')]).toEqual([1, undefined]);
});

test('an observer that is disposed of is asked by no later provider either', async () => {
  const { metrics, follow } = open();
  let asked = 0;
  const observed = metrics.onCollect(() => void asked++);
  const provider = countedMetrics();
  follow(provider);
  await provider.expose();
  observed[Symbol.dispose]();
  await provider.expose();
  follow(countedMetrics());
  await metrics.expose();
  expect(asked).toBe(1);
});

test('asking again gives the same; another kind or other labels are refused, whether anybody records or not', () => {
  const { metrics } = open();
  expect(metrics.counter(CALLS)).toBe(metrics.counter({ ...CALLS, help: 'Again.' }));
  for (const ask of [() => metrics.gauge({ ...SIZE, name: CALLS.name, labels: ['verb'] }), () => metrics.counter({ ...CALLS, labels: [] })])
    expect(ask).toThrow(expect.objectContaining({ code: 'telemetry.metric_conflict' }));
});

test('a metric that the provider refuses when it comes is told, and the others are recorded; one that it refuses when asked is thrown', () => {
  const { metrics, follow, told } = open();
  const calls = metrics.counter(CALLS);
  const size = metrics.gauge(SIZE);
  const provider = countedMetrics();
  const refusing: Metrics = {
    ...provider,
    counter: () => {
      throw new TypeError('no counters');
    },
  };
  follow(countedMetrics());
  follow(refusing);
  expect(told).toEqual([new TypeError('no counters')]);
  calls.add();
  size.set(5);
  expect(Object.fromEntries(provider.values)).toEqual({ hawser_test_size_bytes: 5 });
  expect(() => metrics.counter({ ...CALLS, name: 'hawser_test_more_total' })).toThrow('no counters');
});
