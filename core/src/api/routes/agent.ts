import type { Route } from '../route.ts';
import type { AgentView } from '../service.ts';
import { probeRoutes } from './probes.ts';

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
  ...probeRoutes(agent),
];
