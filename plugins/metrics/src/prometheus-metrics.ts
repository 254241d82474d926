import { telemetryErrors, type Logger } from '@hawser/core';
import type { Counter, Exposition, Gauge, Histogram, HistogramOptions, MetricLabels, MetricOptions, Metrics } from '@hawser/core/contracts';
import PromCounter from 'prom-client/lib/counter.js';
import PromGauge from 'prom-client/lib/gauge.js';
import PromHistogram from 'prom-client/lib/histogram.js';
import Registry from 'prom-client/lib/registry.js';
import { LabelBounds } from './label-bounds.ts';
import { counterSeries, gaugeSeries, histogramSeries, type Series } from './series.ts';

/** Seconds: from a commit of the boot's store to a collection that waits for its clean-ups. */
const SECONDS = [0.000_25, 0.000_5, 0.001, 0.002_5, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30];

/**
 * `hawser_<area>_<what>_<unit>`, the unit left out for what is only counted; and what every process of this runtime tells under
 * names that dashboards know.
 */
const NAME = /^(?:hawser(?:_[a-z0-9]+){2,}|(?:process|nodejs)(?:_[a-z0-9]+){2,})$/;
const LABEL = /^[a-z][a-z0-9_]*$/;

type Kind = 'counter' | 'gauge' | 'histogram';

/** One metric as listings have it; `labels` joined by commas. */
export interface MetricEntry {
  readonly name: string;
  readonly kind: string;
  readonly help: string;
  readonly labels: string;
}

interface Known {
  readonly kind: Kind;
  readonly help: string;
  readonly labels: string;
  readonly metric: Counter & Gauge & Histogram;
  readonly bounds: LabelBounds<Series>;
}

export interface Limits {
  readonly maxLabelValues: number;
  readonly maxSeries: number;
}

/** Metrics as Prometheus has them. */
export class PrometheusMetrics implements Metrics {
  readonly #registry = new Registry();
  readonly #known = new Map<string, Known>();
  readonly #observers = new Set<() => void>();
  /** Names of metrics, and observers, of which the log has been told. */
  readonly #told = new Set<unknown>();
  readonly #log: Logger;
  #limits: Limits;

  constructor(limits: Limits, log: Logger) {
    this.#limits = limits;
    this.#log = log;
  }

  /** For metrics that are asked for from now on. */
  limit(limits: Limits): void {
    this.#limits = limits;
  }

  counter(options: MetricOptions): Counter {
    return this.#metric('counter', options, (common) => {
      const counter = new PromCounter(common);
      return (labels) => {
        const series = counter.labels(labels);
        return counterSeries((amount) => series.inc(amount));
      };
    });
  }

  gauge(options: MetricOptions): Gauge {
    return this.#metric('gauge', options, (common) => {
      const gauge = new PromGauge(common);
      return (labels) => {
        const series = gauge.labels(labels);
        return gaugeSeries((value) => series.set(value));
      };
    });
  }

  histogram({ buckets = SECONDS, ...options }: HistogramOptions): Histogram {
    return this.#metric('histogram', options, (common) => {
      const histogram = new PromHistogram({ ...common, buckets: [...buckets] });
      return (labels) => {
        const series = histogram.labels(labels);
        return histogramSeries((value) => series.observe(value));
      };
    });
  }

  /** Every metric that has been asked for, by name; for the page that lists them. */
  catalogue(): readonly MetricEntry[] {
    const entries = Array.from(this.#known, ([name, { kind, help, labels }]) => ({ name, kind, help, labels }));
    return entries.toSorted((a, b) => (a.name < b.name ? -1 : 1));
  }

  onCollect(observe: () => void): Disposable {
    const observer = (): void => observe();
    this.#observers.add(observer);
    return { [Symbol.dispose]: () => void this.#observers.delete(observer) };
  }

  async expose(): Promise<Exposition> {
    for (const observe of this.#observers) {
      try {
        observe();
      } catch (error) {
        this.#tellOnce(observe, () => this.#log.warn({ err: error }, 'what is observed at a scrape could not be; its values are old'));
      }
    }
    for (const { bounds } of this.#known.values()) for (const series of bounds.all()) series.flush();
    return { contentType: this.#registry.contentType, text: await this.#registry.metrics() };
  }

  #metric(kind: Kind, options: MetricOptions, create: (common: Common) => (labels: MetricLabels) => Series): Known['metric'] {
    const { name, help, labels = [] } = options;
    const known = this.#known.get(name);
    if (known !== undefined) return this.#same(known, kind, name, labels);
    assertValid(kind, options);
    const series = create({ name, help, labelNames: [...labels], registers: [this.#registry] });
    const { maxLabelValues: maxValues, maxSeries } = this.#limits;
    const overflowed = (label: string | undefined): void => {
      this.#log.warn({ metric: name, label }, 'a metric has more series than it may have; what is new is counted under `other`');
    };
    const bounds = new LabelBounds({ names: labels, maxValues, maxSeries, overflowed }, series);
    const record = (value: number, at?: MetricLabels): void => this.#record(bounds, name, value, at);
    const clear = (): void => {
      bounds.clear();
      this.#registry.getSingleMetric(name)?.reset();
    };
    const metric = { add: (amount = 1, at?: MetricLabels) => record(amount, at), set: record, clear, observe: record };
    this.#known.set(name, { kind, help, labels: labels.join(','), metric, bounds });
    return metric;
  }

  #same(known: Known, kind: Kind, name: string, labels: readonly string[]): Known['metric'] {
    if (known.kind === kind && known.labels === labels.join(',')) return known.metric;
    const what = `a ${known.kind} with the labels [${known.labels}]`;
    throw telemetryErrors.metricConflict(`${name} is ${what} already, and was asked for as a ${kind} with [${labels.join(',')}]`, {
      details: { metric: name },
    });
  }

  /** Whoever records has other things to do than to hear of a value that is none. */
  #record(bounds: LabelBounds<Series>, name: string, value: number, labels: MetricLabels | undefined): void {
    try {
      if (Number.isFinite(value)) bounds.at(labels).record(value);
      else this.#tellOnce(name, () => this.#log.warn({ metric: name, value: String(value) }, 'a value that is no number was not recorded'));
    } catch (error) {
      this.#tellOnce(name, () => this.#log.warn({ metric: name, err: error }, 'a value could not be recorded'));
    }
  }

  #tellOnce(about: unknown, tell: () => void): void {
    if (this.#told.has(about)) return;
    this.#told.add(about);
    tell();
  }
}

interface Common {
  readonly name: string;
  readonly help: string;
  readonly labelNames: string[];
  readonly registers: Registry[];
}

function assertValid(kind: Kind, { name, help, labels = [] }: MetricOptions): void {
  const fault =
    (!NAME.test(name) && 'its name is not of the form hawser_<area>_<what>_<unit>') ||
    ((kind === 'counter') !== name.endsWith('_total') && "a counter's name ends in _total, and no other's does") ||
    (help === '' && 'it has no help') ||
    (!labels.every((label) => LABEL.test(label) && label !== 'le') && 'a label is not of the form [a-z][a-z0-9_]*') ||
    undefined;
  if (fault !== undefined) throw telemetryErrors.metricInvalid(`${name}: ${fault}`, { details: { metric: name } });
}
