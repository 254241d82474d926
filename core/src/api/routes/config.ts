import * as z from 'zod';
import { route, type Route } from '../route.ts';
import type { AgentView } from '../service.ts';

const reload = z.strictObject({ dryRun: z.boolean().default(false) });

/** Plugins stop and start one after the other, each within its own deadline. */
const RELOAD_DEADLINE_MS = 300_000;

/** `POST /v1/config/reload`: the config as it stands now, or what it would change. */
export const configRoutes = (agent: AgentView): readonly Route[] => [
  route({
    method: 'POST',
    path: '/v1/config/reload',
    summary: 'Read the config again and put it in force, or tell what that would do',
    body: reload,
    answers: { 200: { record: 'ConfigReload' } },
    deadlineMs: RELOAD_DEADLINE_MS,
    handle: ({ body }) => agent.reload(body),
  }),
];
