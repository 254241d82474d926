import { Claims } from '../../claims/claims.ts';
import { Snapshots } from '../../metadata/snapshots.ts';
import { Metadata } from '../../metadata/store.ts';
import type { Route } from '../route.ts';
import { type AgentView, service } from '../service.ts';
import { snapshotView } from '../views.ts';

/** `/v1/snapshots` of both stores and `/v1/claims`. */
export const listingRoutes = (agent: AgentView): readonly Route[] => [
  {
    method: 'GET',
    path: '/v1/snapshots',
    handle: () => {
      const [metadata, snapshots] = [service(agent, Metadata), service(agent, Snapshots)];
      return (['root', 'state'] as const).flatMap((store) => metadata.read(store, (tx) => [...snapshots.list(tx)].map(snapshotView)));
    },
  },
  {
    method: 'GET',
    path: '/v1/claims',
    handle: () => {
      const claims = service(agent, Claims);
      return service(agent, Metadata).read('state', (tx) => [...claims.list(tx)]);
    },
  },
];
