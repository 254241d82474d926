import { type Clock, toHawserError } from '@hawser/core';
import type { Gauge, Histogram, Metrics } from '@hawser/core/contracts';

/** What is recorded of calls to one process. Disposed of, it tells no more whether that is up. */
export class CallMetrics implements Disposable {
  readonly #durations: Histogram;
  readonly #up: Gauge;
  readonly #plugin: string;
  readonly #clock: Clock;
  readonly #observer: Disposable;
  #isUp: boolean | undefined;

  constructor(metrics: Metrics, plugin: string, clock: Clock) {
    this.#plugin = plugin;
    this.#clock = clock;
    this.#durations = metrics.histogram({
      name: 'hawser_proxy_call_duration_seconds',
      help: 'How long calls to plugins in other processes took, by method and kind of outcome.',
      labels: ['plugin', 'method', 'outcome'],
    });
    this.#up = metrics.gauge({
      name: 'hawser_proxy_up_ratio',
      help: 'Whether a plugin in another process is connected and well (1) or not (0).',
      labels: ['plugin'],
    });
    this.#observer = metrics.onCollect(() => {
      if (this.#isUp !== undefined) this.#up.set(this.#isUp ? 1 : 0, { plugin });
    });
  }

  /** `method` as the wire has it; `outcome` is `ok` or the error's kind, of which there are few. */
  async around<T>(method: string, call: () => Promise<T>): Promise<T> {
    const began = this.#clock.monotonic();
    const record = (outcome: string): void => {
      this.#durations.observe((this.#clock.monotonic() - began) / 1000, { plugin: this.#plugin, method, outcome });
    };
    try {
      const answer = await call();
      record('ok');
      return answer;
    } catch (error) {
      record(toHawserError(error).kind);
      throw error;
    }
  }

  up(isUp: boolean): void {
    this.#isUp = isUp;
  }

  /** The gauge is of all processes: those that are there are observed again at the next scrape. */
  [Symbol.dispose](): void {
    this.#observer[Symbol.dispose]();
    this.#up.clear();
  }
}
