import type { Clock } from '../context/index.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { Metadata, StoreName } from './store.ts';

/** What the writer of one store tells of its commits. */
export interface CommitMeter {
  /** In the milliseconds that `committed` and `failed` are told. */
  now(): number;
  /** `waitedMs`: of the first of them, for its turn. `refused`: those that their own function has thrown out. */
  committed(commit: {
    readonly done: number;
    readonly refused: number;
    readonly bytes: number;
    readonly waitedMs: number;
    readonly tookMs: number;
  }): void;
  /** Nothing of these was written. */
  failed(transactions: number): void;
}

const STORE = ['store'] as const;
const BATCHES = [1, 2, 4, 8, 16, 32, 64, 128, 256];

/** A meter for each store; one set of metrics for both. */
export function commitMeters(metrics: Metrics, clock: Pick<Clock, 'monotonic'>): (store: StoreName) => CommitMeter {
  const transactions = metrics.counter({
    name: 'hawser_metadata_transactions_total',
    help: 'Write transactions by outcome: committed, aborted by who wrote, failed in the store.',
    labels: ['store', 'outcome'],
  });
  const histogram = (name: string, help: string) => metrics.histogram({ name, help, labels: STORE });
  const waited = histogram('hawser_metadata_queue_duration_seconds', 'How long the first transaction of a commit waited for its turn.');
  const took = histogram('hawser_metadata_commit_duration_seconds', 'How long a commit took, with the functions of its transactions.');
  const batch = metrics.histogram({
    name: 'hawser_metadata_commit_batch_transactions',
    help: 'Transactions that shared a commit.',
    labels: STORE,
    buckets: BATCHES,
  });
  const written = metrics.counter({
    name: 'hawser_metadata_written_bytes_total',
    help: 'Bytes of the records that were written.',
    labels: STORE,
  });
  return (store) => {
    // Frozen: the provider then finds their series without a look at what they say.
    const at = Object.freeze({ store });
    const outcomes = {
      committed: Object.freeze({ store, outcome: 'committed' }),
      aborted: Object.freeze({ store, outcome: 'aborted' }),
      failed: Object.freeze({ store, outcome: 'failed' }),
    };
    return {
      now: () => clock.monotonic(),
      committed: ({ done, refused, bytes, waitedMs, tookMs }) => {
        if (refused > 0) transactions.add(refused, outcomes.aborted);
        if (done === 0) return;
        transactions.add(done, outcomes.committed);
        batch.observe(done, at);
        written.add(bytes, at);
        waited.observe(waitedMs / 1000, at);
        took.observe(tookMs / 1000, at);
      },
      failed: (count) => transactions.add(count, outcomes.failed),
    };
  };
}

/** What a scrape asks of the stores. */
export function observeStores(metrics: Metrics, metadata: Pick<Metadata, 'stats'>): Disposable {
  const size = metrics.gauge({ name: 'hawser_metadata_file_size_bytes', help: 'Size of the file of a store.', labels: STORE });
  const records = metrics.gauge({
    name: 'hawser_metadata_known_records',
    help: 'Records of a store, those of its indexes included.',
    labels: STORE,
  });
  return metrics.onCollect(() => {
    for (const [store, { sizeBytes, entries }] of Object.entries(metadata.stats())) {
      size.set(sizeBytes, { store });
      records.set(entries, { store });
    }
  });
}
