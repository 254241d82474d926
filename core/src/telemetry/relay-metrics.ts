import type { Relay } from '../plugin/token.ts';
import { telemetryErrors } from './errors.ts';
import type { Counter, Exposition, Gauge, Histogram, HistogramOptions, MetricOptions, Metrics } from './metrics.ts';

type Kind = 'counter' | 'gauge' | 'histogram';

/** One metric that was asked for, wherever it is recorded now. */
interface Relayed {
  readonly kind: Kind;
  readonly labels: string;
  readonly metric: Counter & Gauge & Histogram;
  bind(provider: Metrics | undefined): void;
}

const NOTHING = { add: () => undefined, set: () => undefined, clear: () => undefined, observe: () => undefined };

/** Metrics that are recorded by whoever provides them now, and by nobody where nobody does: then recording is an empty call. */
export const relayMetrics = (tell: (error: unknown) => void): Relay<Metrics> => {
  const value = new RelayedMetrics(tell);
  return { value, follow: (provider) => value.follow(provider) };
};

class RelayedMetrics implements Metrics {
  readonly #tell: (error: unknown) => void;
  readonly #known = new Map<string, Relayed>();
  readonly #observers = new Map<() => void, Disposable | undefined>();
  #provider: Metrics | undefined;

  constructor(tell: (error: unknown) => void) {
    this.#tell = tell;
  }

  follow(provider: Metrics | undefined): void {
    this.#provider = provider;
    for (const relayed of this.#known.values()) this.#attempt(() => relayed.bind(provider));
    for (const [observe, former] of this.#observers) {
      former?.[Symbol.dispose]();
      this.#observers.set(observe, provider?.onCollect(observe));
    }
  }

  counter(options: MetricOptions): Counter {
    let target: Counter | undefined;
    return this.#relayed('counter', options, {
      metric: { ...NOTHING, add: (amount, labels) => target?.add(amount, labels) },
      bind: (provider) => {
        target = undefined;
        target = provider?.counter(options);
      },
    });
  }

  gauge(options: MetricOptions): Gauge {
    let target: Gauge | undefined;
    return this.#relayed('gauge', options, {
      metric: { ...NOTHING, set: (value, labels) => target?.set(value, labels), clear: () => target?.clear() },
      bind: (provider) => {
        target = undefined;
        target = provider?.gauge(options);
      },
    });
  }

  histogram(options: HistogramOptions): Histogram {
    let target: Histogram | undefined;
    return this.#relayed('histogram', options, {
      metric: { ...NOTHING, observe: (value, labels) => target?.observe(value, labels) },
      bind: (provider) => {
        target = undefined;
        target = provider?.histogram(options);
      },
    });
  }

  onCollect(observe: () => void): Disposable {
    const observer = (): void => observe();
    this.#observers.set(observer, this.#provider?.onCollect(observer));
    return {
      [Symbol.dispose]: () => {
        this.#observers.get(observer)?.[Symbol.dispose]();
        this.#observers.delete(observer);
      },
    };
  }

  async expose(): Promise<Exposition> {
    return (await this.#provider?.expose()) ?? { contentType: 'text/plain; charset=utf-8', text: '' };
  }

  /** The same for who asks twice; a name of another kind is refused whether anybody records it or not. */
  #relayed(kind: Kind, { name, labels: names = [] }: MetricOptions, made: Pick<Relayed, 'metric' | 'bind'>): Relayed['metric'] {
    const labels = names.join(',');
    const known = this.#known.get(name);
    if (known === undefined) {
      made.bind(this.#provider);
      this.#known.set(name, { kind, labels, ...made });
      return made.metric;
    }
    if (known.kind === kind && known.labels === labels) return known.metric;
    const what = `a ${known.kind} with the labels [${known.labels}]`;
    throw telemetryErrors.metricConflict(`${name} is ${what} already, and was asked for as a ${kind} with [${labels}]`, {
      details: { metric: name },
    });
  }

  /** Who comes may refuse one metric and have the others. */
  #attempt(bind: () => void): void {
    try {
      bind();
    } catch (error) {
      this.#tell(error);
    }
  }
}
