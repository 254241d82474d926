import type { AgentState } from '../../telemetry/agent-state.ts';

/** An agent that is ready and has no plugins, unless told otherwise. */
export function fakeAgentState(more: Partial<AgentState> = {}): AgentState {
  return { name: 'test', version: '1.2.3', coreVersion: '0.1.0', phase: () => 'ready', reports: () => [], ...more };
}
