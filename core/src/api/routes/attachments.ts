import * as z from 'zod';
import type { HawserError } from '../../errors/index.ts';
import { fieldsOf } from '../../filters/index.ts';
import { DEFAULT_NAMESPACE } from '../../metadata/store.ts';
import { type Listing, readPage } from '../../metadata/listing.ts';
import { attachmentErrors, type AttachmentId, attachmentKey, type AttachmentRecord, Attachments } from '../../network/index.ts';
import { type DamagedRecord, listQuery, scopedListing } from '../list-query.ts';
import { route, type Route } from '../route.ts';
import { type Scope, scoped, scopeOf } from '../scope.ts';
import { type AgentView, service } from '../service.ts';
import { attachmentView, type AttachmentView } from '../views.ts';

const one = z.object({
  containerId: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,252}$/, 'is not a container id'),
  ifname: z.string().regex(/^[^\s/:]{1,15}$/, 'is not an interface name'),
});

/** Undoing waits for the kernel, and for a cloud where one takes part. */
const DETACH_DEADLINE_MS = 120_000;

/** `/v1/attachments`, in pages, and `/v1/attachments/<containerId>/<ifname>`. All are in the default namespace: another one has none. */
export function attachmentRoutes(agent: AgentView): readonly Route[] {
  const hasAny = (query: Scope): boolean => scopeOf(agent, query).namespace === DEFAULT_NAMESPACE;
  const find = (id: AttachmentId, query: Scope): AttachmentRecord => {
    const record = hasAny(query) ? service(agent, Attachments).get(id) : undefined;
    if (record === undefined) throw attachmentErrors.notFound(`there is no attachment ${attachmentKey(id)}`);
    return record;
  };
  const path = '/v1/attachments/:containerId/:ifname';
  return [
    route({
      method: 'GET',
      path: '/v1/attachments',
      summary: 'List attachments, in pages',
      query: scopedListing,
      answers: { 200: { record: 'AttachmentPage' } },
      handle: ({ query }) => {
        const damaged: DamagedRecord[] = [];
        const onDamaged = ({ message, details }: HawserError): void => void damaged.push({ message, details });
        const records = hasAny(query) ? service(agent, Attachments).list(onDamaged) : [];
        const page = readPage(attachmentListing(records), listQuery(query));
        // Their keys may be no attachment's: the first page tells of all of them.
        return query.after === undefined && damaged.length > 0 ? { ...page, damaged } : page;
      },
    }),
    route({
      method: 'GET',
      path,
      summary: 'Show an attachment',
      params: one,
      query: scoped,
      answers: { 200: { record: 'Attachment' } },
      handle: ({ params, query }) => attachmentView(find(params, query)),
    }),
    route({
      method: 'POST',
      path: `${path}/check`,
      summary: 'Compare an attachment with what is there',
      params: one,
      query: scoped,
      answers: { 204: {} },
      handle: async ({ params, query, requestId, signal }) => {
        const { containerId, ifname, network } = find(params, query);
        await service(agent, Attachments).check({ containerId, ifname, network }, { requestId, signal });
      },
    }),
    route({
      method: 'DELETE',
      path,
      summary: 'Undo an attachment',
      params: one,
      query: scoped,
      answers: { 204: {} },
      deadlineMs: DETACH_DEADLINE_MS,
      handle: async ({ params, query, requestId, signal }) => {
        const { containerId, ifname, network } = find(params, query);
        await service(agent, Attachments).detach({ containerId, ifname, network }, { requestId, signal });
      },
    }),
  ];
}

/** By container and interface. */
const attachmentListing = (records: readonly AttachmentRecord[]): Listing<AttachmentView, AttachmentView> => ({
  name: 'attachments',
  scan: (_filters, after) =>
    records
      .map((record) => [attachmentKey(record), attachmentView(record)] as const)
      .filter(([key]) => after === undefined || key > after)
      .sort(([one], [other]) => (one < other ? -1 : 1)),
  fields: (_key, view) => fieldsOf(view),
  item: (_key, view) => view,
});
