import * as z from 'zod';
import { apiErrors } from '../errors.ts';
import { check, type Route } from '../route.ts';
import type { AgentView } from '../service.ts';

const one = z.object({ uri: z.string().min(1).max(256) });
const level = z.strictObject({ level: z.enum(['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent']).nullable() });

/** `PATCH /v1/plugins/<uri>/log` with `{"level": "debug"}`; null: the agent's own level again. */
export const logRoutes = (agent: AgentView): readonly Route[] => [
  {
    method: 'PATCH',
    path: '/v1/plugins/:uri/log',
    handle: ({ params, body }) => {
      const { uri } = check(one, params, 'path');
      const asked = check(level, body, 'body').level ?? undefined;
      if (!agent.setLogLevel(uri, asked)) {
        throw apiErrors.noSuchResource(`there is no plugin ${uri} in this agent`, {
          details: { uri },
          remedy: 'See what is there with `hawser plugins ls`.',
        });
      }
      return agent.reports().find((report) => report.uri === uri);
    },
  },
];
