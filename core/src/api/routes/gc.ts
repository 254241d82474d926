import * as z from 'zod';
import { gcErrors } from '../../gc/errors.ts';
import { Gc } from '../../gc/gc.ts';
import { route, type Route } from '../route.ts';
import { type AgentView, service } from '../service.ts';

const one = z.strictObject({ type: z.string() });
const run = z.strictObject({ dryRun: z.boolean().default(false) });

/** A collection waits for every clean-up that it begins. */
const RUN_DEADLINE_MS = 300_000;

/** `/v1/gc`: the last runs, and a run now; and types that are missed. */
export const gcRoutes = (agent: AgentView): readonly Route[] => [
  route({
    method: 'GET',
    path: '/v1/gc',
    summary: 'Tell the last collection, the next one, and what waits for its clean-up',
    answers: { 200: { record: 'GcStatus' } },
    handle: () => service(agent, Gc).status(),
  }),
  route({
    method: 'POST',
    path: '/v1/gc',
    summary: 'Collect garbage now, or tell what would go and why',
    body: run,
    answers: { 200: { record: 'CollectionReport' } },
    deadlineMs: RUN_DEADLINE_MS,
    handle: ({ body, signal }) => service(agent, Gc).run({ signal, dryRun: body.dryRun }),
  }),
  route({
    method: 'DELETE',
    path: '/v1/gc/types/:type',
    summary: 'Forget a type whose plugin will not come back',
    params: one,
    answers: { 204: {} },
    handle: async ({ params: { type } }) => {
      if (!(await service(agent, Gc).forget(type))) throw gcErrors.notAbsent(`no type ${type} is missed`, { details: { type } });
    },
  }),
];
