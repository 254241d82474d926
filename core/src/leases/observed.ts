import { type Metadata, STORES } from '../metadata/store.ts';
import type { Counter, Metrics } from '../telemetry/metrics.ts';
import { countLeases } from './lease-records.ts';

/** Counts what becomes of leases: the store what callers do, collection those that expire. */
export const leaseChanges = (metrics: Metrics): Counter =>
  metrics.counter({ name: 'hawser_leases_changes_total', help: 'Changes to leases.', labels: ['change'] });

/** Leases by store, asked for at each scrape in every namespace. */
export function observeLeases(metrics: Metrics, metadata: Pick<Metadata, 'read'>): Disposable {
  const known = metrics.gauge({ name: 'hawser_leases_known_leases', help: 'Leases by store.', labels: ['store'] });
  return metrics.onCollect(() => {
    for (const store of STORES) {
      const count = metadata.read(store, (tx) => tx.namespaces().reduce((sum, namespace) => sum + countLeases(tx.in(namespace)), 0));
      known.set(count, { store });
    }
  });
}
