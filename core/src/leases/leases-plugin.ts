import { Events } from '../events/events.ts';
import { Gc } from '../gc/gc.ts';
import { definePlugin } from '../plugin/definition.ts';
import { leaseErrors } from './errors.ts';
import { LeaseStore } from './lease-store.ts';
import { Leases } from './leases.ts';

/** `hawser.leases.v1.store`. */
export const leasesPlugin = definePlugin({
  provides: Leases,
  id: 'store',
  stability: 'beta',
  summary: 'Leases that protect what is not committed yet from garbage collection.',
  errors: leaseErrors,
  requires: { events: Events, gc: Gc },
  start: ({ events, gc, clock, random }) => new LeaseStore({ context: { clock, random }, events, gc }),
});
