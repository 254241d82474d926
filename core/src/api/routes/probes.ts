import * as z from 'zod';
import type { PluginReport } from '../../plugin/status.ts';
import { Health, type HealthReport } from '../../telemetry/health.ts';
import { healthPage, isVerbose } from '../../telemetry/health-page.ts';
import { answer, type Answer, route, type Route } from '../route.ts';
import type { AgentView } from '../service.ts';

/** Probes are asked with whatever whoever asks them is wont to send. */
const query = z.looseObject({ verbose: z.unknown().meta({ description: 'Tells every check, not the failed ones alone.' }).optional() });
const answers = { 200: { record: 'Health' }, 503: { record: 'Health' } } as const;

/**
 * `/livez`, `/readyz` and `/healthz`, in every phase of the agent's life. The health plugin answers where the agent has one and
 * it runs; without it the agent's phase and its plugins' status do.
 */
export const probeRoutes = (agent: AgentView): readonly Route[] => [
  route({
    method: 'GET',
    path: '/livez',
    summary: 'Tell whether the agent gets on; where not, it is to be started again',
    query,
    answers,
    handle: ({ query }) => told(agent, query, (health) => health.live()) ?? { status: 'ok' },
  }),
  route({
    method: 'GET',
    path: '/readyz',
    summary: 'Tell whether the agent takes work',
    query,
    answers,
    handle: ({ query }) =>
      told(agent, query, (health) => health.ready()) ?? answer(agent.phase() === 'ready' ? 200 : 503, { status: statusOf(agent, true) }),
  }),
  route({
    method: 'GET',
    path: '/healthz',
    summary: 'Tell whether all is well, plugins and workers too',
    query,
    answers,
    handle: ({ query }) => told(agent, query, (health) => health.healthy()) ?? healthOf(agent, isAsked(query)),
  }),
];

/** The health plugin's answer; undefined where there is none that runs, as before it has started, or the agent stops. */
function told(agent: AgentView, query: unknown, ask: (health: Health) => HealthReport): Answer | undefined {
  const health = agent.phase() === 'stopping' ? undefined : agent.get(Health);
  if (health === undefined) return undefined;
  const { status, body } = healthPage(ask(health), isAsked(query));
  return answer(status, body);
}

/** 200 while the agent is ready and no plugin has failed; `?verbose` lists every plugin. */
function healthOf(agent: AgentView, verbose: boolean): Answer {
  const reports = agent.reports();
  const isHealthy = agent.phase() === 'ready' && reports.every((report) => report.status !== 'failed');
  return answer(isHealthy ? 200 : 503, { status: statusOf(agent, isHealthy), ...(verbose ? { checks: reports.map(checkOf) } : {}) });
}

function statusOf(agent: AgentView, isHealthy: boolean): string {
  if (agent.phase() !== 'ready') return agent.phase();
  return isHealthy ? 'ok' : 'failed';
}

const checkOf = ({ uri, status, reason, error }: PluginReport) => ({
  name: uri,
  status,
  ...(reason === undefined ? {} : { reason }),
  ...(error === undefined ? {} : { error }),
});

function isAsked(query: unknown): boolean {
  if (typeof query !== 'object' || query === null || !('verbose' in query)) return false;
  return isVerbose(String(query.verbose));
}
