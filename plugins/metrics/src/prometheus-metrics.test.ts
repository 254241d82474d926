import { telemetryErrors } from '@hawser/core';
import { following, type Metrics, observeWhole } from '@hawser/core/contracts';
import fc from 'fast-check';
import { pino } from 'pino';
import { beforeEach, describe, expect, test } from 'vitest';
import { PrometheusMetrics } from './prometheus-metrics.ts';

let told: Record<string, unknown>[];
let metrics: Metrics;

beforeEach(() => {
  told = [];
  metrics = new PrometheusMetrics({ maxLabelValues: 3, maxSeries: 8 }, pino({}, { write: (line) => void told.push(JSON.parse(line)) }));
});

const lines = async (): Promise<readonly string[]> =>
  (await metrics.expose()).text.split('\n').filter((line) => !line.startsWith('#') && line !== '');
const counter = (labels: readonly string[] = []) => metrics.counter({ name: 'hawser_test_calls_total', help: 'Calls.', labels });

describe('what is recorded is exposed', () => {
  test('counters, gauges and histograms, with help and type', async () => {
    counter(['verb']).add(2, { verb: 'ADD' });
    metrics.gauge({ name: 'hawser_test_free_addresses', help: 'Free.' }).set(7);
    metrics.histogram({ name: 'hawser_test_duration_seconds', help: 'Took.', buckets: [0.1, 1] }).observe(0.5);
    const { text, contentType } = await metrics.expose();
    expect(contentType).toContain('text/plain');
    expect(text).toContain(
      '# HELP hawser_test_calls_total Calls.\n# TYPE hawser_test_calls_total counter\nhawser_test_calls_total{verb="ADD"} 2',
    );
    expect(text).toContain('hawser_test_free_addresses 7');
    expect(text).toContain('hawser_test_duration_seconds_bucket{le="0.1"} 0\nhawser_test_duration_seconds_bucket{le="1"} 1');
  });

  test('more is observed than is kept between two scrapes, and nothing is lost', async () => {
    const histogram = metrics.histogram({ name: 'hawser_test_duration_seconds', help: 'Took.', buckets: [1], labels: ['verb'] });
    for (let observed = 0; observed < 1000; observed++) histogram.observe(observed % 2, { verb: 'ADD' });
    const count = 'hawser_test_duration_seconds_count{verb="ADD"}';
    expect(await lines()).toContain(`${count} 1000`);
    histogram.observe(5, { verb: 'ADD' });
    expect(await lines()).toEqual(expect.arrayContaining([`${count} 1001`, 'hawser_test_duration_seconds_sum{verb="ADD"} 505']));
  });

  test('a metric without labels is there before it is used, so that a rate has a zero to rise from', async () => {
    counter();
    expect(await lines()).toEqual(['hawser_test_calls_total 0']);
  });

  test('what is cheaper asked than told is asked at each scrape, until nobody listens any more', async () => {
    const gauge = metrics.gauge({ name: 'hawser_test_free_addresses', help: 'Free.' });
    let free = 1;
    {
      using _observer = metrics.onCollect(() => gauge.set(free++));
      await lines();
      expect(await lines()).toEqual(['hawser_test_free_addresses 2']);
    }
    expect(await lines()).toEqual(['hawser_test_free_addresses 2']);
  });

  test('a gauge that is cleared has no series of what has gone, and its labels have their places again', async () => {
    const sizes = metrics.gauge({ name: 'hawser_test_size_bytes', help: 'Size.', labels: ['range'] });
    const frozen = Object.freeze({ range: 'a' });
    let there: readonly { readonly range: string }[] = ['a', 'b', 'c'].map((range) => ({ range }));
    const observer = observeWhole(metrics, [sizes], () => there.forEach((one) => sizes.set(1, one)));
    await lines();
    sizes.set(7, frozen);
    there = [{ range: 'd' }, frozen];
    expect(await lines()).toEqual(['hawser_test_size_bytes{range="d"} 1', 'hawser_test_size_bytes{range="a"} 1']);
    expect(told).toEqual([]);
    observer[Symbol.dispose]();
    expect(await lines()).toEqual([]);
  });

  test('of several observers that throw each is told', async () => {
    const throwing = (text: string) => () => {
      throw new Error(text);
    };
    using _first = metrics.onCollect(throwing('first'));
    using _second = metrics.onCollect(throwing('second'));
    for (let scrape = 0; scrape < 2; scrape++) await metrics.expose();
    expect(told.map(({ err }) => err)).toMatchObject([{ message: 'first' }, { message: 'second' }]);
  });

  test('an observer that throws costs its own values only, and is told once', async () => {
    const gauge = metrics.gauge({ name: 'hawser_test_free_addresses', help: 'Free.' });
    metrics.onCollect(() => {
      throw new Error('the store is closed');
    });
    metrics.onCollect(() => gauge.set(3));
    await lines();
    expect(await lines()).toEqual(['hawser_test_free_addresses 3']);
    expect(told).toHaveLength(1);
  });

  test('a counter follows a total that is kept elsewhere, also when that begins anew', async () => {
    const follow = following(counter(['type']));
    for (const total of [3, 5, 5, 2]) follow(total, { type: 'a' });
    follow(1, { type: 'b' });
    expect(await lines()).toEqual(['hawser_test_calls_total{type="a"} 7', 'hawser_test_calls_total{type="b"} 1']);
  });
});

describe('label values are bounded', () => {
  test('one that comes too late is counted under `other`, and that is told once', async () => {
    const calls = counter(['network']);
    for (const network of ['a', 'b', 'c', 'd', 'e', 'a']) calls.add(1, { network });
    expect(await lines()).toEqual([
      'hawser_test_calls_total{network="a"} 2',
      'hawser_test_calls_total{network="b"} 1',
      'hawser_test_calls_total{network="c"} 1',
      'hawser_test_calls_total{network="other"} 2',
    ]);
    expect(told).toMatchObject([{ metric: 'hawser_test_calls_total', label: 'network' }]);
  });

  test('whatever is recorded, the series are bounded and nothing is lost', async () => {
    const labels = fc.dictionary(fc.constantFrom('a', 'b', 'c', '__proto__', 'le'), fc.string({ unit: 'binary', maxLength: 200 }));
    await fc.assert(
      fc.asyncProperty(fc.array(labels, { maxLength: 60 }), async (all) => {
        metrics = new PrometheusMetrics({ maxLabelValues: 3, maxSeries: 8 }, pino({ level: 'silent' }));
        const calls = counter(['a', 'b']);
        for (const one of all) calls.add(1, one);
        const series = await lines();
        expect(series.length).toBeLessThanOrEqual(9);
        expect(series.map((line) => Number(line.split(' ').at(-1))).reduce((sum, value) => sum + value, 0)).toBe(all.length);
      }),
      { numRuns: 100 },
    );
  });

  test('a label that is missing is empty, one that was not declared is dropped', async () => {
    counter(['verb']).add(1, { other: 'x' });
    expect(await lines()).toEqual(['hawser_test_calls_total{verb=""} 1']);
  });
});

describe('a defect of a plugin', () => {
  test('the same name is the same metric', async () => {
    counter().add(1);
    counter().add(1);
    expect(await lines()).toEqual(['hawser_test_calls_total 2']);
  });

  test('the same name as another kind or with other labels is refused by a code', () => {
    counter(['verb']);
    const again = [
      () => counter(['mode']),
      () =>
        metrics.gauge({ name: 'hawser_test_size_bytes', help: '.' }) && metrics.histogram({ name: 'hawser_test_size_bytes', help: '.' }),
    ];
    for (const attempt of again) expect(attempt).toThrow(expect.objectContaining({ code: telemetryErrors.metricConflict.code }));
  });

  test.each([
    ['a counter without _total', () => metrics.counter({ name: 'hawser_test_calls', help: '.' })],
    ['a gauge with it', () => metrics.gauge({ name: 'hawser_test_calls_total', help: '.' })],
    ['no area', () => metrics.gauge({ name: 'hawser_calls', help: '.' })],
    ['a name of somebody else', () => metrics.gauge({ name: 'node_memory_free_bytes', help: '.' })],
    ['no help', () => metrics.gauge({ name: 'hawser_test_free_addresses', help: '' })],
    ['a reserved label', () => metrics.histogram({ name: 'hawser_test_duration_seconds', help: '.', labels: ['le'] })],
  ])('%s is refused', (_, attempt) => {
    expect(attempt).toThrow(expect.objectContaining({ code: telemetryErrors.metricInvalid.code }));
  });

  test('what is no value is not recorded, and recording never throws', async () => {
    const calls = counter();
    for (const amount of [Number.NaN, Number.POSITIVE_INFINITY, -1]) calls.add(amount);
    expect(await lines()).toEqual(['hawser_test_calls_total 0']);
    expect(told).toHaveLength(1);
  });
});
