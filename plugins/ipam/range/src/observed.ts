import type { Metrics } from '@hawser/core/contracts';
import type { Usage } from './pool.ts';

/** What became of the addresses of each range, asked for at each scrape. */
export function observeRanges(metrics: Metrics, ipam: { usage(): readonly Usage[] }): Disposable {
  const addresses = metrics.gauge({
    name: 'hawser_ipam_range_addresses',
    help: 'Addresses of a range by state; those that are being released count as held.',
    labels: ['range', 'state'],
  });
  const seen = new Set<string>();
  return metrics.onCollect(() => {
    const usages = new Map(ipam.usage().map((usage) => [usage.range, usage]));
    for (const range of usages.keys()) seen.add(range);
    for (const range of seen) {
      const { total, held, cooling } = usages.get(range) ?? { total: 0n, held: 0, cooling: 0 };
      addresses.set(held, { range, state: 'held' });
      addresses.set(cooling, { range, state: 'cooling' });
      addresses.set(Number(total) - held - cooling, { range, state: 'free' });
    }
  });
}
