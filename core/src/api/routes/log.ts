import * as z from 'zod';
import { apiErrors } from '../errors.ts';
import { route, type Route } from '../route.ts';
import type { AgentView } from '../service.ts';

const one = z.object({ uri: z.string().min(1).max(256) });
const level = z.strictObject({ level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).nullable() });

/** `PATCH /v1/plugins/<uri>/log` with `{"level": "debug"}`; null: the agent's own level again. */
export const logRoutes = (agent: AgentView): readonly Route[] => [
  route({
    method: 'PATCH',
    path: '/v1/plugins/:uri/log',
    summary: "Set the level of a plugin's log; null takes it back to the agent's",
    params: one,
    body: level,
    answers: { 200: { record: 'Plugin' } },
    handle: ({ params: { uri }, body }) => {
      if (!agent.setLogLevel(uri, body.level ?? undefined)) {
        throw apiErrors.noSuchResource(`there is no plugin ${uri} in this agent`, {
          details: { uri },
          remedy: 'See what is there with `hawser plugins ls`.',
        });
      }
      return agent.reports().find((report) => report.uri === uri);
    },
  }),
];
