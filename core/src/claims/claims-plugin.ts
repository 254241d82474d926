import { Events } from '../events/events.ts';
import { Snapshots } from '../metadata/snapshots.ts';
import { Metadata } from '../metadata/store.ts';
import { definePlugin } from '../plugin/definition.ts';
import { Metrics } from '../telemetry/metrics.ts';
import { ClaimLedger } from './claim-ledger.ts';
import { Claims } from './claims.ts';
import { claimErrors } from './errors.ts';
import { observeClaims } from './observed.ts';
import { claimTopics } from './topics.ts';

/** `hawser.claims.v1.ledger`. */
export const claimsPlugin = definePlugin({
  provides: Claims,
  id: 'ledger',
  stability: 'beta',
  summary: 'Who holds which address, device or interface: each has at most one holder.',
  errors: claimErrors,
  topics: claimTopics,
  requires: { snapshots: Snapshots, events: Events, metadata: Metadata, metrics: Metrics.optional() },
  start({ snapshots, events, metadata, metrics, clock, scope }) {
    const ledger = scope.use(new ClaimLedger({ snapshots, events, clock }));
    if (metrics !== undefined) scope.use(observeClaims(metrics, metadata, ledger));
    return ledger;
  },
});
