import * as z from 'zod';
import { gcErrors } from '../../gc/errors.ts';
import { Gc } from '../../gc/gc.ts';
import { check, type Route } from '../route.ts';
import { type AgentView, service } from '../service.ts';

const one = z.strictObject({ type: z.string() });
const run = z.strictObject({ dryRun: z.boolean().default(false) });

/** A collection waits for every clean-up that it begins. */
const RUN_DEADLINE_MS = 300_000;

/** `/v1/gc`: the last runs, and a run now; and types that are missed. */
export const gcRoutes = (agent: AgentView): readonly Route[] => [
  { method: 'GET', path: '/v1/gc', handle: () => service(agent, Gc).status() },
  {
    method: 'POST',
    path: '/v1/gc',
    deadlineMs: RUN_DEADLINE_MS,
    handle: ({ body, signal }) => service(agent, Gc).run({ signal, dryRun: check(run, body, 'body').dryRun }),
  },
  {
    method: 'DELETE',
    path: '/v1/gc/types/:type',
    handle: async ({ params }) => {
      const { type } = check(one, params, 'path');
      if (!(await service(agent, Gc).forget(type))) throw gcErrors.notAbsent(`no type ${type} is missed`, { details: { type } });
    },
  },
];
