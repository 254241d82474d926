import type { MetricLabels, MetricOptions, Metrics } from '../telemetry/metrics.ts';

/** Metrics that a test can read: `hawser_a_b_total{label="value"}` → what was added, set last, or how often it was observed. */
export function countedMetrics(): Metrics & {
  readonly values: ReadonlyMap<string, number>;
  readonly known: ReadonlyMap<string, MetricOptions>;
} {
  const values = new Map<string, number>();
  const known = new Map<string, MetricOptions>();
  const observers = new Set<() => void>();
  const at = (name: string, labels: MetricLabels = {}): string => {
    const pairs = Object.entries(labels).map(([label, value]) => `${label}="${value}"`);
    return pairs.length === 0 ? name : `${name}{${pairs.join(',')}}`;
  };
  const metric = (options: MetricOptions) => {
    known.set(options.name, options);
    const add = (amount: number, labels?: MetricLabels): void => {
      const key = at(options.name, labels);
      values.set(key, (values.get(key) ?? 0) + amount);
    };
    return {
      add: (amount = 1, labels?: MetricLabels) => add(amount, labels),
      set: (value: number, labels?: MetricLabels) => void values.set(at(options.name, labels), value),
      clear: () => {
        for (const key of values.keys()) if (key === options.name || key.startsWith(`${options.name}{`)) values.delete(key);
      },
      observe: (_value: number, labels?: MetricLabels) => add(1, labels),
    };
  };
  return {
    values,
    known,
    counter: metric,
    gauge: metric,
    histogram: metric,
    onCollect: (observe) => {
      observers.add(observe);
      return { [Symbol.dispose]: () => void observers.delete(observe) };
    },
    expose: async () => {
      for (const observe of observers) observe();
      return { contentType: 'text/plain; charset=utf-8', text: [...values].map(([key, value]) => `${key} ${value}\n`).join('') };
    },
  };
}
