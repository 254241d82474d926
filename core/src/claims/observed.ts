import type { Metadata, ReadTransaction } from '../metadata/store.ts';
import type { Metrics } from '../telemetry/metrics.ts';
import type { ClaimLedger } from './claim-ledger.ts';

/** Claims by type and state, asked for at each scrape in every namespace. */
export function observeClaims(metrics: Metrics, metadata: Pick<Metadata, 'read'>, ledger: Pick<ClaimLedger, 'count'>): Disposable {
  const known = metrics.gauge({
    name: 'hawser_claims_known_claims',
    help: 'Claims by type and state; those that are being released count as held.',
    labels: ['type', 'state'],
  });
  const seen = new Set<string>();
  const total = (tx: ReadTransaction): Map<string, { held: number; cooling: number }> => {
    const sums = new Map<string, { held: number; cooling: number }>();
    for (const namespace of tx.namespaces()) {
      for (const [type, { held, cooling }] of ledger.count(tx.in(namespace))) {
        const sum = sums.get(type) ?? { held: 0, cooling: 0 };
        sums.set(type, { held: sum.held + held, cooling: sum.cooling + cooling });
      }
    }
    return sums;
  };
  return metrics.onCollect(() => {
    const sums = metadata.read('state', total);
    for (const type of sums.keys()) seen.add(type);
    for (const type of seen) {
      const { held, cooling } = sums.get(type) ?? { held: 0, cooling: 0 };
      known.set(held, { type, state: 'held' });
      known.set(cooling, { type, state: 'cooling' });
    }
  });
}
