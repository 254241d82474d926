import { Events } from '../events/events.ts';
import { Gc } from '../gc/gc.ts';
import { Metadata } from '../metadata/store.ts';
import { definePlugin } from '../plugin/definition.ts';
import { Metrics, silentMetrics } from '../telemetry/metrics.ts';
import { leaseErrors } from './errors.ts';
import { LeaseStore } from './lease-store.ts';
import { Leases } from './leases.ts';
import { observeLeases } from './observed.ts';
import { leaseTopics } from './topics.ts';

/** `hawser.leases.v1.store`. */
export const leasesPlugin = definePlugin({
  provides: Leases,
  id: 'store',
  stability: 'beta',
  summary: 'Leases that protect what is not committed yet from garbage collection.',
  errors: leaseErrors,
  topics: leaseTopics,
  requires: { metadata: Metadata, events: Events, gc: Gc, metrics: Metrics.optional() },
  start({ metadata, events, gc, metrics = silentMetrics, clock, random, scope }) {
    scope.use(observeLeases(metrics, metadata));
    return new LeaseStore({ context: { clock, random }, metadata, events, gc, metrics });
  },
});
