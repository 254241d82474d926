import { Events } from '../events/events.ts';
import { Snapshots } from '../metadata/snapshots.ts';
import { definePlugin } from '../plugin/definition.ts';
import { ClaimLedger } from './claim-ledger.ts';
import { Claims } from './claims.ts';
import { claimErrors } from './errors.ts';

/** `hawser.claims.v1.ledger`. */
export const claimsPlugin = definePlugin({
  provides: Claims,
  id: 'ledger',
  stability: 'beta',
  summary: 'Who holds which address, device or interface: each has at most one holder.',
  errors: claimErrors,
  requires: { snapshots: Snapshots, events: Events },
  start: ({ snapshots, events, clock, scope }) => scope.use(new ClaimLedger({ snapshots, events, clock })),
});
