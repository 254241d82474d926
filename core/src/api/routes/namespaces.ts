import * as z from 'zod';
import { Namespaces } from '../../metadata/namespaces.ts';
import { Metadata } from '../../metadata/store.ts';
import { listing, listPage, listQuery } from '../list-query.ts';
import { answer, route, type Route } from '../route.ts';
import { namespaceName } from '../scope.ts';
import { type AgentView, service } from '../service.ts';

const labels = z.record(z.string().min(1), z.string().max(4_096));
const creation = z.strictObject({ name: namespaceName, labels: labels.default({}) });
const change = z
  .strictObject({
    labels: labels.optional(),
    /** Field paths; all fields that can change unless told. */
    fields: z.array(z.string().max(4_096)).max(256).default([]),
  })
  .refine(({ labels: wanted, fields }) => wanted !== undefined || fields.length > 0, {
    message: 'give labels, or the fields that they replace',
  });
const one = z.object({ name: namespaceName });

/** `/v1/namespaces`: the rooms of leases, snapshots and whatever else the stores hold. */
export function namespaceRoutes(agent: AgentView): readonly Route[] {
  const namespaces = (): Namespaces => service(agent, Namespaces);
  return [
    route({
      method: 'GET',
      path: '/v1/namespaces',
      summary: 'List namespaces, in pages',
      query: listing,
      answers: { 200: { record: 'NamespacePage' } },
      handle: ({ query, signal }) => {
        const [metadata, room] = [service(agent, Metadata), namespaces()];
        return listPage({ metadata, stores: ['root'], page: (tx, options) => room.page(tx, options) }, listQuery(query), signal);
      },
    }),
    route({
      method: 'GET',
      path: '/v1/namespaces/:name',
      summary: 'Show a namespace',
      params: one,
      answers: { 200: { record: 'Namespace' } },
      handle: ({ params: { name } }) => namespaces().stat(name),
    }),
    route({
      method: 'GET',
      path: '/v1/namespaces/:name/contents',
      summary: 'Tell what the stores hold in a namespace',
      params: one,
      answers: { 200: { record: 'NamespaceContents' } },
      handle: ({ params: { name } }) => namespaces().contents(name),
    }),
    route({
      method: 'POST',
      path: '/v1/namespaces',
      summary: 'Make a namespace',
      body: creation,
      answers: { 201: { record: 'Namespace' } },
      handle: async ({ body: { name, labels: wanted } }) => answer(201, await namespaces().create(name, { labels: wanted })),
    }),
    route({
      method: 'PATCH',
      path: '/v1/namespaces/:name',
      summary: 'Change the labels of a namespace',
      params: one,
      body: change,
      answers: { 200: { record: 'Namespace' } },
      handle: ({ params: { name }, body: { labels: wanted = {}, fields } }) => namespaces().update(name, { labels: wanted, fields }),
    }),
    route({
      method: 'DELETE',
      path: '/v1/namespaces/:name',
      summary: 'Delete a namespace that holds nothing',
      params: one,
      answers: { 204: {} },
      handle: ({ params: { name } }) => namespaces().delete(name),
    }),
  ];
}
