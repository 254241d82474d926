import { Claims } from '../../claims/claims.ts';
import { Snapshots } from '../../metadata/snapshots.ts';
import { Metadata } from '../../metadata/store.ts';
import { listPage, listQuery } from '../list-query.ts';
import type { Route } from '../route.ts';
import { type AgentView, service } from '../service.ts';
import { snapshotView } from '../views.ts';

/** `/v1/snapshots` of both stores and `/v1/claims`, in pages. */
export const listingRoutes = (agent: AgentView): readonly Route[] => [
  {
    method: 'GET',
    path: '/v1/snapshots',
    handle: async ({ query, signal }) => {
      const [metadata, snapshots] = [service(agent, Metadata), service(agent, Snapshots)];
      const page = await listPage(
        { metadata, stores: ['root', 'state'], page: (tx, options) => snapshots.page(tx, options) },
        listQuery(query),
        signal,
      );
      return { ...page, items: page.items.map(snapshotView) };
    },
  },
  {
    method: 'GET',
    path: '/v1/claims',
    handle: ({ query, signal }) => {
      const [metadata, claims] = [service(agent, Metadata), service(agent, Claims)];
      return listPage({ metadata, stores: ['state'], page: (tx, options) => claims.page(tx, options) }, listQuery(query), signal);
    },
  },
];
