import { type Metrics, observeWhole } from '@hawser/core/contracts';
import type { Usage } from './pool.ts';

/** What became of the addresses of each range, asked for at each scrape. */
export function observeRanges(metrics: Metrics, ipam: { usage(): readonly Usage[] }): Disposable {
  const addresses = metrics.gauge({
    name: 'hawser_ipam_range_addresses',
    help: 'Addresses of a range by state; those that are being released count as held.',
    labels: ['range', 'state'],
  });
  return observeWhole(metrics, [addresses], () => {
    for (const { range, total, held, cooling } of ipam.usage()) {
      addresses.set(held, { range, state: 'held' });
      addresses.set(cooling, { range, state: 'cooling' });
      addresses.set(Number(total) - held - cooling, { range, state: 'free' });
    }
  });
}
