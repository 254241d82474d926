import type { Token } from '../plugin/token.ts';
import { defineToken } from '../plugin/token.ts';
import { relayMetrics } from './relay-metrics.ts';

/**
 * Values of a metric's labels; each label has few: ids of containers, addresses and the like never are. Who records often the same
 * ones makes them once and freezes them.
 */
export type MetricLabels = Readonly<Record<string, string>>;

export interface MetricOptions {
  /** `hawser_<area>_<what>_<unit>`; a counter's ends in `_total`. */
  readonly name: string;
  /** One sentence. */
  readonly help: string;
  /** Names of the labels that every value has. */
  readonly labels?: readonly string[];
}

export interface HistogramOptions extends MetricOptions {
  /** Upper bounds, ascending, in the unit of the name; the provider's own for seconds unless told. */
  readonly buckets?: readonly number[];
}

export interface Counter {
  add(amount?: number, labels?: MetricLabels): void;
}

export interface Gauge {
  set(value: number, labels?: MetricLabels): void;
  /** Forgets what was set: it has no series any more, or zero where it has no labels. */
  clear(): void;
}

export interface Histogram {
  observe(value: number, labels?: MetricLabels): void;
}

/** All metrics as a scraper reads them. */
export interface Exposition {
  /** For the `content-type` header. */
  readonly contentType: string;
  readonly text: string;
}

/**
 * Where metrics are recorded. Recording never throws and never waits. Asking twice for a name gives the same metric;
 * asking for it as another kind is refused (`telemetry.metric_conflict`). Whoever records requires it as optional and
 * passes `silentMetrics` on where there is none. What it gets goes on while the provider is turned on and off: what is recorded
 * meanwhile is lost, and the next provider counts from zero.
 */
export interface Metrics {
  counter(options: MetricOptions): Counter;
  gauge(options: MetricOptions): Gauge;
  histogram(options: HistogramOptions): Histogram;
  /** Calls back before each collection, for what is cheaper asked than told. */
  onCollect(observe: () => void): Disposable;
  /** What is recorded now, after everybody under `onCollect` was called; one of these that throws costs its own values only. */
  expose(): Promise<Exposition>;
}

/** Who requires it as optional gets a relay: turning the provider on or off restarts nobody. */
export const Metrics: Token<Metrics, 'hawser.metrics.v1'> = defineToken<Metrics>()('hawser.metrics.v1', { relay: relayMetrics });

const silent = { add: () => undefined, set: () => undefined, clear: () => undefined, observe: () => undefined };

/**
 * Makes a counter follow a total that is kept elsewhere, for `onCollect`. A total that has fallen, because who kept it was
 * started again, is counted from zero.
 */
export function following(counter: Counter): (total: number, labels?: MetricLabels) => void {
  const last = new Map<string, number>();
  return (total, labels = {}) => {
    const key = JSON.stringify(labels);
    const before = last.get(key) ?? 0;
    last.set(key, total);
    counter.add(total >= before ? total - before : total, labels);
  };
}

/**
 * `onCollect` for gauges of which `observe` sets every series that there is: each collection begins them anew, so that nothing is told
 * of what has gone, and they end with the observer.
 */
export function observeWhole(metrics: Metrics, gauges: readonly Gauge[], observe: () => void): Disposable {
  const clear = (): void => gauges.forEach((gauge) => gauge.clear());
  const observer = metrics.onCollect(() => {
    clear();
    observe();
  });
  return {
    [Symbol.dispose]: () => {
      observer[Symbol.dispose]();
      clear();
    },
  };
}

/** Records nothing. */
export const silentMetrics: Metrics = {
  counter: () => silent,
  gauge: () => silent,
  histogram: () => silent,
  onCollect: () => ({ [Symbol.dispose]: () => undefined }),
  expose: async () => ({ contentType: 'text/plain; charset=utf-8', text: '' }),
};
