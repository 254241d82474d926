import { type Counter, following, type Metrics } from '../telemetry/metrics.ts';

/** What the exchange tells of its subscribers when it is asked. */
export interface SubscriberFigures {
  readonly subscribers: number;
  /** Events that wait for the one that is furthest behind. */
  readonly lag: number;
}

/** The exchange's figures; counting an event costs an addition. */
export class ExchangeMetrics {
  readonly #published = new Map<string, number>();
  readonly #mismatched: Counter;
  readonly #lost: Counter;
  readonly #dropped: Counter;
  readonly #disconnected: Counter;

  constructor(metrics: Metrics) {
    this.#mismatched = metrics.counter({
      name: 'hawser_events_mismatched_total',
      help: 'Events whose data were not what their topic declares.',
      labels: ['area'],
    });
    this.#lost = metrics.counter({
      name: 'hawser_events_lost_total',
      help: 'Events that could not be journalled, and were not delivered.',
    });
    this.#dropped = metrics.counter({ name: 'hawser_events_dropped_total', help: 'Events left out because a subscriber was too slow.' });
    this.#disconnected = metrics.counter({
      name: 'hawser_events_disconnected_total',
      help: 'Subscribers disconnected because they were too slow.',
    });
  }

  published(area: string): void {
    this.#published.set(area, (this.#published.get(area) ?? 0) + 1);
  }

  mismatched(area: string): void {
    this.#mismatched.add(1, { area });
  }

  lost(): void {
    this.#lost.add(1);
  }

  dropped(count: number): void {
    this.#dropped.add(count);
  }

  disconnected(): void {
    this.#disconnected.add(1);
  }

  /** Tells with each collection what is cheaper asked than told. */
  observe(metrics: Metrics, figures: () => SubscriberFigures): Disposable {
    const published = following(
      metrics.counter({
        name: 'hawser_events_published_total',
        help: 'Events published, by the first component of their topic.',
        labels: ['area'],
      }),
    );
    const subscribers = metrics.gauge({ name: 'hawser_events_open_subscribers', help: 'Subscriptions that are open.' });
    const lag = metrics.gauge({ name: 'hawser_events_lag_events', help: 'Events that wait for the subscriber that is furthest behind.' });
    return metrics.onCollect(() => {
      for (const [area, total] of this.#published) published(total, { area });
      const { subscribers: open, lag: furthest } = figures();
      subscribers.set(open);
      lag.set(furthest);
    });
  }
}
