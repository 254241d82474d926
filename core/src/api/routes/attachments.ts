import * as z from 'zod';
import { fieldsOf } from '../../filters/index.ts';
import { type Listing, readPage } from '../../metadata/listing.ts';
import { attachmentErrors, attachmentKey, type AttachmentRecord, Attachments } from '../../network/index.ts';
import { listQuery } from '../list-query.ts';
import { type ApiRequest, check, type Route } from '../route.ts';
import { type AgentView, service } from '../service.ts';
import { attachmentView, type AttachmentView } from '../views.ts';

const one = z.object({
  containerId: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,252}$/, 'is not a container id'),
  ifname: z.string().regex(/^[^\s/:]{1,15}$/, 'is not an interface name'),
});

/** Undoing waits for the kernel, and for a cloud where one takes part. */
const DETACH_DEADLINE_MS = 120_000;

/** `/v1/attachments`, in pages, and `/v1/attachments/<containerId>/<ifname>`. */
export function attachmentRoutes(agent: AgentView): readonly Route[] {
  const find = ({ params }: ApiRequest): AttachmentRecord => {
    const id = check(one, params, 'path');
    const record = service(agent, Attachments).get(id);
    if (record === undefined) throw attachmentErrors.notFound(`there is no attachment ${attachmentKey(id)}`);
    return record;
  };
  const path = '/v1/attachments/:containerId/:ifname';
  return [
    {
      method: 'GET',
      path: '/v1/attachments',
      handle: ({ query }) => readPage(attachmentListing(service(agent, Attachments).list()), listQuery(query)),
    },
    { method: 'GET', path, handle: (request) => attachmentView(find(request)) },
    {
      method: 'POST',
      path: `${path}/check`,
      handle: async (request) => {
        const { containerId, ifname, network } = find(request);
        await service(agent, Attachments).check({ containerId, ifname, network }, request);
      },
    },
    {
      method: 'DELETE',
      path,
      deadlineMs: DETACH_DEADLINE_MS,
      handle: async (request) => {
        const { containerId, ifname, network } = find(request);
        await service(agent, Attachments).detach({ containerId, ifname, network }, request);
      },
    },
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
