import { route, type Route } from '../route.ts';
import type { AgentView } from '../service.ts';
import { probeRoutes } from './probes.ts';

/** `/v1/version`, `/v1/plugins` and the probes. These answer in every phase of the agent's life. */
export const agentRoutes = (agent: AgentView): readonly Route[] => [
  route({
    method: 'GET',
    path: '/v1/version',
    summary: 'Tell the versions and whether the agent is ready',
    answers: { 200: { record: 'Version' } },
    handle: () => ({
      name: agent.name,
      agent: agent.version,
      core: agent.coreVersion,
      node: process.versions.node,
      pid: process.pid,
      ready: agent.phase() === 'ready',
      phase: agent.phase(),
    }),
  }),
  route({
    method: 'GET',
    path: '/v1/plugins',
    summary: 'List the plugins with their status',
    answers: { 200: { record: 'PluginList' } },
    handle: () => agent.reports(),
  }),
  ...probeRoutes(agent),
];
