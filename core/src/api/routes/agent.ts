import type { PluginReport } from '../../plugin/status.ts';
import { answer, type Route } from '../route.ts';
import type { AgentView } from '../service.ts';

/** `/v1/version`, `/v1/plugins` and the probes. These answer in every phase of the agent's life. */
export const agentRoutes = (agent: AgentView): readonly Route[] => [
  {
    method: 'GET',
    path: '/v1/version',
    handle: () => ({
      name: agent.name,
      agent: agent.version,
      core: agent.coreVersion,
      node: process.versions.node,
      pid: process.pid,
      ready: agent.phase() === 'ready',
      phase: agent.phase(),
    }),
  },
  { method: 'GET', path: '/v1/plugins', handle: () => agent.reports() },
  { method: 'GET', path: '/livez', handle: () => ({ status: 'ok' }) },
  {
    method: 'GET',
    path: '/readyz',
    handle: () => answer(agent.phase() === 'ready' ? 200 : 503, { status: agent.phase() === 'ready' ? 'ok' : agent.phase() }),
  },
  { method: 'GET', path: '/healthz', handle: ({ query }) => health(agent, isVerbose(query)) },
];

/** 200 while the agent is ready and no plugin has failed; `?verbose` lists every plugin. */
function health(agent: AgentView, verbose: boolean) {
  const reports = agent.reports();
  const healthy = agent.phase() === 'ready' && reports.every((report) => report.status !== 'failed');
  const status = agent.phase() === 'ready' ? (healthy ? 'ok' : 'failed') : agent.phase();
  return answer(healthy ? 200 : 503, { status, ...(verbose ? { checks: reports.map(checkOf) } : {}) });
}

const checkOf = ({ uri, status, reason, error }: PluginReport) => ({
  name: uri,
  status,
  ...(reason === undefined ? {} : { reason }),
  ...(error === undefined ? {} : { error }),
});

/** `?verbose`, as Kubernetes' probes write it, and `?verbose=true`. */
function isVerbose(query: unknown): boolean {
  if (typeof query !== 'object' || query === null || !('verbose' in query)) return false;
  return query.verbose !== 'false' && query.verbose !== '0';
}
