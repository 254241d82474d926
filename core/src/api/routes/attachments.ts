import * as z from 'zod';
import { attachmentErrors, attachmentKey, type AttachmentRecord, Attachments } from '../../network/index.ts';
import { type ApiRequest, check, type Route } from '../route.ts';
import { type AgentView, service } from '../service.ts';
import { attachmentView } from '../views.ts';

const one = z.object({
  containerId: z.string().regex(/^[A-Za-z0-9][A-Za-z0-9_.-]{0,252}$/, 'is not a container id'),
  ifname: z.string().regex(/^[^\s/:]{1,15}$/, 'is not an interface name'),
});

/** Undoing waits for the kernel, and for a cloud where one takes part. */
const DETACH_DEADLINE_MS = 120_000;

/** `/v1/attachments` and `/v1/attachments/<containerId>/<ifname>`. */
export function attachmentRoutes(agent: AgentView): readonly Route[] {
  const find = ({ params }: ApiRequest): AttachmentRecord => {
    const id = check(one, params, 'path');
    const record = service(agent, Attachments).get(id);
    if (record === undefined) throw attachmentErrors.notFound(`there is no attachment ${attachmentKey(id)}`);
    return record;
  };
  const path = '/v1/attachments/:containerId/:ifname';
  return [
    { method: 'GET', path: '/v1/attachments', handle: () => service(agent, Attachments).list().map(attachmentView) },
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
