import { Events } from '../events/events.ts';
import { Gc } from '../gc/gc.ts';
import { Leases } from '../leases/leases.ts';
import { Snapshots } from '../metadata/snapshots.ts';
import { Metadata } from '../metadata/store.ts';
import { definePlugin } from '../plugin/definition.ts';
import { Metrics, silentMetrics } from '../telemetry/metrics.ts';
import { snapshotErrors } from './errors.ts';
import { SnapshotStore } from './snapshot-store.ts';
import { snapshotTopics } from './topics.ts';

/** `hawser.snapshots.v1.store`. */
export const snapshotsPlugin = definePlugin({
  provides: Snapshots,
  id: 'store',
  stability: 'beta',
  summary: 'The durable state of what plugins make: active while it is being made, committed when it is.',
  errors: snapshotErrors,
  topics: snapshotTopics,
  requires: { metadata: Metadata, events: Events, leases: Leases, gc: Gc, metrics: Metrics.optional() },
  start: ({ metadata, events, leases, gc, metrics = silentMetrics, clock, random, faults, log }) =>
    new SnapshotStore({
      metadata,
      events,
      leases,
      gc,
      metrics,
      log,
      context: { clock, random, ...(faults === undefined ? {} : { faults }) },
    }),
});
