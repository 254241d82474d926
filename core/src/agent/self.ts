import { type AnyPlugin, definePlugin } from '../plugin/index.ts';
import { AgentState } from '../telemetry/agent-state.ts';

/** The set with the agent's own knowledge of itself as a plugin: for metrics and health, which are plugins like others. */
export function withSelf(plugins: readonly AnyPlugin[], state: AgentState): readonly AnyPlugin[] {
  const self = definePlugin({
    provides: AgentState,
    id: 'self',
    stability: 'stable',
    summary: 'What the agent knows of itself: its phase, and how its plugins do.',
    start: () => ({ ...state, topics: () => plugins.flatMap(({ topics = [] }) => topics) }),
  });
  return [self, ...plugins];
}
