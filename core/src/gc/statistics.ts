import { leaseChanges } from '../leases/observed.ts';
import { type Counter, type Histogram, type Metrics, silentMetrics } from '../telemetry/metrics.ts';
import type { GcStatistics, NamespacedNode } from './gc.ts';

/** What one mark cost. */
export interface MarkCost {
  readonly nodes: number;
  readonly busyMs: number;
  readonly longestMs: number;
}

/** Counts what collections do, for status and metrics. */
export class Statistics {
  readonly #removed = new Map<string, number>();
  #cycles = 0;
  #failures = 0;
  #cleanupFailures = 0;
  #nodes = 0;
  #markMs = 0;
  #longestSliceMs = 0;
  readonly #metrics: {
    readonly cycles: Counter;
    readonly removed: Counter;
    readonly cleanupFailures: Counter;
    readonly mark: Histogram;
    readonly slice: Histogram;
    readonly leases: Counter;
  };

  constructor(metrics: Metrics = silentMetrics) {
    this.#metrics = {
      cycles: metrics.counter({ name: 'hawser_gc_cycles_total', help: 'Garbage collections by their outcome.', labels: ['outcome'] }),
      removed: metrics.counter({ name: 'hawser_gc_removed_total', help: 'Nodes that garbage collection removed.', labels: ['type'] }),
      cleanupFailures: metrics.counter({
        name: 'hawser_gc_cleanup_failures_total',
        help: 'Attempts at a clean-up that failed.',
        labels: ['type'],
      }),
      mark: metrics.histogram({ name: 'hawser_gc_mark_seconds', help: 'Work of one mark, without the pauses between its slices.' }),
      slice: metrics.histogram({
        name: 'hawser_gc_longest_slice_seconds',
        help: 'Longest slice of one mark.',
        buckets: [0.001, 0.002, 0.005, 0.01, 0.025, 0.1],
      }),
      leases: leaseChanges(metrics),
    };
  }

  removed(nodes: readonly NamespacedNode[]): void {
    for (const { type } of nodes) {
      this.#removed.set(type, (this.#removed.get(type) ?? 0) + 1);
      this.#metrics.removed.add(1, { type });
    }
  }

  expired(leases: number): void {
    if (leases > 0) this.#metrics.leases.add(leases, { change: 'expired' });
  }

  cleanupFailed(type: string): void {
    this.#cleanupFailures++;
    this.#metrics.cleanupFailures.add(1, { type });
  }

  marked({ nodes, busyMs, longestMs }: MarkCost): void {
    this.#cycles++;
    this.#nodes = nodes;
    this.#markMs = busyMs;
    this.#longestSliceMs = longestMs;
    this.#metrics.cycles.add(1, { outcome: 'ok' });
    this.#metrics.mark.observe(busyMs / 1000);
    this.#metrics.slice.observe(longestMs / 1000);
  }

  failed(): void {
    this.#failures++;
    this.#metrics.cycles.add(1, { outcome: 'failed' });
  }

  get current(): GcStatistics {
    return {
      cycles: this.#cycles,
      failures: this.#failures,
      removed: Object.fromEntries(this.#removed),
      cleanupFailures: this.#cleanupFailures,
      nodes: this.#nodes,
      markMs: this.#markMs,
      longestSliceMs: this.#longestSliceMs,
    };
  }
}
