import * as z from 'zod';
import { Gc } from '../../gc/gc.ts';
import { leaseErrors } from '../../leases/errors.ts';
import type { Lease } from '../../leases/leases.ts';
import { Leases } from '../../leases/leases.ts';
import type { StoreName, Transaction } from '../../metadata/store.ts';
import { Metadata } from '../../metadata/store.ts';
import { apiErrors } from '../errors.ts';
import { listPage, listQuery, scopedListing } from '../list-query.ts';
import { answer, route, type Route } from '../route.ts';
import { type Scope, scoped, scopeOf } from '../scope.ts';
import { type AgentView, service } from '../service.ts';

const MAX_EXPIRY_MS = 365 * 86_400_000;
const expiry = z.int().positive().max(MAX_EXPIRY_MS);
const text = z.string().max(4_096);
const creation = z.strictObject({
  id: z.string().min(1).max(128).optional(),
  expiresInMs: expiry.optional(),
  labels: z.record(z.string().min(1).max(256), text).optional(),
  store: z.enum(['state', 'root']).default('state'),
});
const change = z
  .strictObject({
    expiresInMs: expiry.optional(),
    labels: z.record(z.string().min(1), text).optional(),
    /** Field paths; all fields that can change unless told. */
    fields: z.array(text).max(256).default([]),
  })
  .refine(({ expiresInMs, labels, fields }) => (expiresInMs === undefined) !== (labels === undefined && fields.length === 0), {
    message: 'give either expiresInMs, or labels and the fields that they replace',
  });
const one = z.object({ id: z.string().min(1).max(128) });
const waiting = scoped.extend({ sync: z.enum(['true', 'false']).default('false') });
const resource = z.strictObject({
  type: z
    .string()
    .regex(/^[a-z][a-z0-9_]*$/, 'is no type of a resource')
    .max(64),
  key: z.string().min(1).max(900),
});

/** Who waits for the collection waits for clean-ups. */
const COLLECT_MS = 300_000;

const STORES: readonly StoreName[] = ['state', 'root'];

/** `/v1/leases`: leases of both stores, in pages; one made here is of the state store unless told. */
export function leaseRoutes(agent: AgentView): readonly Route[] {
  const rooms = (query: Scope) => ({ leases: service(agent, Leases), metadata: service(agent, Metadata), scope: scopeOf(agent, query) });
  return [
    route({
      method: 'GET',
      path: '/v1/leases',
      summary: 'List leases, in pages',
      query: scopedListing,
      answers: { 200: { record: 'LeasePage' } },
      handle: ({ query, signal }) => {
        const { leases, metadata, scope } = rooms(query);
        return listPage({ metadata, stores: STORES, scope, page: (tx, options) => leases.page(tx, options) }, listQuery(query), signal);
      },
    }),
    route({
      method: 'GET',
      path: '/v1/leases/:id',
      summary: 'Show a lease',
      params: one,
      query: scoped,
      answers: { 200: { record: 'Lease' } },
      handle: ({ params, query }) => findIn(rooms(query), params.id),
    }),
    route({
      method: 'POST',
      path: '/v1/leases',
      summary: 'Make a lease',
      query: scoped,
      body: creation,
      answers: { 201: { record: 'Lease' } },
      handle: async ({ query, body: { store, ...options } }) => {
        const { leases, metadata, scope } = rooms(query);
        return answer(201, await metadata.write(store, (tx) => leases.create(tx, withoutUndefined(options)), scope));
      },
    }),
    route({
      method: 'PATCH',
      path: '/v1/leases/:id',
      summary: 'Renew a lease, or change its labels',
      params: one,
      query: scoped,
      body: change,
      answers: { 200: { record: 'Lease' } },
      handle: ({ params: { id }, query, body: { expiresInMs, labels = {}, fields } }) => {
        const found = rooms(query);
        const { leases, metadata, scope } = found;
        const change = (tx: Transaction): Lease =>
          expiresInMs === undefined ? leases.update(tx, id, { labels, fields }) : leases.renew(tx, id, expiresInMs);
        return metadata.write(findIn(found, id).store, change, scope);
      },
    }),
    deletion(rooms),
    ...resourceRoutes(agent, rooms),
  ];
}

type Rooms = (query: Scope) => { readonly leases: Leases; readonly metadata: Metadata; readonly scope: Scope };

function findIn({ leases, metadata, scope }: ReturnType<Rooms>, id: string): Lease {
  for (const store of STORES) {
    const lease = metadata.read(store, (tx) => leases.get(tx, id), scope);
    if (lease !== undefined) return lease;
  }
  throw apiErrors.noSuchResource(`there is no lease ${id}`, {
    details: { lease: id },
    remedy: 'List what is there with `hawser leases ls`.',
  });
}

/** `?sync=true` waits until what only the lease kept is cleaned up; who leaves before stops waiting, and nothing else. */
const deletion = (rooms: Rooms): Route =>
  route({
    method: 'DELETE',
    path: '/v1/leases/:id',
    summary: 'Delete a lease; with `sync` wait until what only it kept is cleaned up',
    params: one,
    query: waiting,
    answers: { 204: {} },
    deadlineMs: COLLECT_MS,
    handle: async ({ params: { id }, query, signal }) => {
      const found = rooms(query);
      const { leases, metadata, scope } = found;
      const { store } = findIn(found, id);
      if (query.sync === 'true') await leases.deleteAndCollect(id, { store, ...scope, signal });
      else await metadata.write(store, (tx) => leases.delete(tx, id), scope);
    },
  });

/** What a lease protects. Answers are the lease as it is then. */
function resourceRoutes(agent: AgentView, rooms: Rooms): readonly Route[] {
  const changed = (query: Scope, id: string, change: (leases: Leases, tx: Transaction) => void): Promise<Lease | undefined> => {
    const found = rooms(query);
    const { leases, metadata, scope } = found;
    const work = (tx: Transaction): Lease | undefined => {
      change(leases, tx);
      return leases.get(tx, id);
    };
    return metadata.write(findIn(found, id).store, work, scope);
  };
  return [
    route({
      method: 'POST',
      path: '/v1/leases/:id/resources',
      summary: 'Put a resource under a lease',
      params: one,
      query: scoped,
      body: resource,
      answers: { 200: { record: 'Lease' } },
      handle: ({ params: { id }, query, body: node }) =>
        changed(query, id, (leases, tx) => {
          assertKept(service(agent, Gc), node.type);
          leases.addResource(tx, id, node);
        }),
    }),
    route({
      method: 'DELETE',
      path: '/v1/leases/:id/resources/:type/:key',
      summary: 'Take a resource from a lease',
      params: one.extend(resource.shape),
      query: scoped,
      answers: { 200: { record: 'Lease' } },
      handle: ({ params: { id, ...node }, query }) => changed(query, id, (leases, tx) => leases.removeResource(tx, id, node)),
    }),
  ];
}

/** A type that nobody has ever collected is a slip of whoever wants its resource kept. */
function assertKept(gc: Gc, type: string): void {
  if (gc.storeOf(type) !== undefined || gc.status().absentTypes.some((absent) => absent.type === type)) return;
  throw leaseErrors.unknownType(`nothing here is of the type '${type}'`, { details: { type } });
}

interface Creation {
  readonly id?: string;
  readonly expiresInMs?: number;
  readonly labels?: Readonly<Record<string, string>>;
}

const withoutUndefined = (options: { [K in keyof Creation]: Creation[K] | undefined }): Creation => ({
  ...(options.id === undefined ? {} : { id: options.id }),
  ...(options.expiresInMs === undefined ? {} : { expiresInMs: options.expiresInMs }),
  ...(options.labels === undefined ? {} : { labels: options.labels }),
});
