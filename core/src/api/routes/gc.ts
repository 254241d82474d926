import * as z from 'zod';
import { gcErrors } from '../../gc/errors.ts';
import { type CollectionReport, Gc, type GcStatus } from '../../gc/gc.ts';
import { route, type Route } from '../route.ts';
import { namespaceName, scopeOf } from '../scope.ts';
import { type AgentView, service } from '../service.ts';

const one = z.strictObject({ type: z.string() });
/** Of every namespace unless told. */
const told = z.strictObject({ namespace: namespaceName.optional() });
const run = z.strictObject({ dryRun: z.boolean().default(false) });

/** A collection waits for every clean-up that it begins. */
const RUN_DEADLINE_MS = 300_000;

/**
 * `/v1/gc`: the last runs, and a run now; and types that are missed. Collection is always of every namespace; what is told of it
 * can be of one.
 */
export const gcRoutes = (agent: AgentView): readonly Route[] => [
  route({
    method: 'GET',
    path: '/v1/gc',
    summary: 'Tell the last collection, the next one, and what waits for its clean-up',
    query: told,
    answers: { 200: { record: 'GcStatus' } },
    handle: ({ query }) => statusIn(service(agent, Gc).status(), toldOf(agent, query.namespace)),
  }),
  route({
    method: 'POST',
    path: '/v1/gc',
    summary: 'Collect garbage now, or tell what would go and why',
    query: told,
    body: run,
    answers: { 200: { record: 'CollectionReport' } },
    deadlineMs: RUN_DEADLINE_MS,
    handle: async ({ query, body, signal }) => {
      const isTold = toldOf(agent, query.namespace);
      return reportIn(await service(agent, Gc).run({ signal, dryRun: body.dryRun }), isTold);
    },
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

type IsTold = (of: { readonly namespace: string }) => boolean;

function toldOf(agent: AgentView, namespace: string | undefined): IsTold {
  if (namespace !== undefined) scopeOf(agent, { namespace });
  return (of) => namespace === undefined || of.namespace === namespace;
}

const reportIn = (report: CollectionReport, isTold: IsTold): CollectionReport => ({
  ...report,
  removed: report.removed.filter(isTold),
  failed: report.failed.filter(isTold),
});

const statusIn = ({ lastRun, ...status }: GcStatus, isTold: IsTold): GcStatus => ({
  ...status,
  ...(lastRun === undefined ? {} : { lastRun: { ...lastRun, report: reportIn(lastRun.report, isTold) } }),
  condemned: status.condemned.filter(isTold),
});
