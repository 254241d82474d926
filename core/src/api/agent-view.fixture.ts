import { systemClock } from '../context/index.ts';
import type { AgentView } from './service.ts';

/** An agent that is ready and has these services, by their token's id. */
export const agentView = (services: ReadonlyMap<string, unknown> = new Map(), more: Partial<AgentView> = {}): AgentView => ({
  name: 'test',
  version: '1.2.3',
  coreVersion: '0.1.0',
  clock: systemClock,
  phase: () => 'ready',
  reports: () => [],
  // oxlint-disable-next-line typescript/no-unnecessary-type-parameters -- as the contract has it
  get: <T>(token: { readonly id: string }) => services.get(token.id) as T | undefined,
  reload: async ({ dryRun }) => ({ dryRun, files: [], changed: [], steps: [] }),
  setLogLevel: () => true,
  ...more,
});
