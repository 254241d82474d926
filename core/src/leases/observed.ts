import { type Metadata, STORES } from '../metadata/store.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import { countLeases } from './lease-records.ts';

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
