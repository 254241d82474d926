import * as z from 'zod';
import { Claims } from '../../claims/claims.ts';
import { type SnapshotUsage, Snapshots } from '../../metadata/snapshots.ts';
import { Metadata } from '../../metadata/store.ts';
import { snapshotErrors } from '../../snapshots/errors.ts';
import { listPage, listQuery, scopedListing } from '../list-query.ts';
import { route, type Route } from '../route.ts';
import { type Scope, scoped, scopeOf } from '../scope.ts';
import { type AgentView, service } from '../service.ts';
import { snapshotView } from '../views.ts';

const one = z.object({ type: z.string().min(1).max(64), key: z.string().min(1).max(900) });

/** `/v1/snapshots` of both stores and `/v1/claims`, in pages. */
export const listingRoutes = (agent: AgentView): readonly Route[] => [
  route({
    method: 'GET',
    path: '/v1/snapshots',
    summary: 'List snapshots, in pages',
    query: scopedListing,
    answers: { 200: { record: 'SnapshotPage' } },
    handle: async ({ query, signal }) => {
      const [metadata, snapshots] = [service(agent, Metadata), service(agent, Snapshots)];
      const page = await listPage(
        { metadata, stores: ['root', 'state'], scope: scopeOf(agent, query), page: (tx, options) => snapshots.page(tx, options) },
        listQuery(query),
        signal,
      );
      return { ...page, items: page.items.map(snapshotView) };
    },
  }),
  route({
    method: 'GET',
    path: '/v1/snapshots/:type/:key/usage',
    summary: 'Tell what a snapshot takes by itself',
    params: one,
    query: scoped,
    answers: { 200: { record: 'SnapshotUsage' } },
    handle: ({ params, query, signal }) => usageOf(agent, params, scopeOf(agent, query), signal),
  }),
  route({
    method: 'GET',
    path: '/v1/claims',
    summary: 'List claims, in pages',
    query: scopedListing,
    answers: { 200: { record: 'ClaimPage' } },
    handle: ({ query, signal }) => {
      const [metadata, claims] = [service(agent, Metadata), service(agent, Claims)];
      const scope = scopeOf(agent, query);
      return listPage({ metadata, stores: ['state'], scope, page: (tx, options) => claims.page(tx, options) }, listQuery(query), signal);
    },
  }),
];

async function usageOf(agent: AgentView, snapshot: z.output<typeof one>, scope: Scope, signal: AbortSignal): Promise<SnapshotUsage> {
  const snapshots = service(agent, Snapshots);
  try {
    return await snapshots.usage(snapshot, { store: 'state', ...scope, signal });
  } catch (error) {
    if (!snapshotErrors.notFound.is(error)) throw error;
    return snapshots.usage(snapshot, { store: 'root', ...scope, signal });
  }
}
