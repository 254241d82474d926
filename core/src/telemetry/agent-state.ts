import type { PluginReport } from '../plugin/status.ts';
import type { Token } from '../plugin/token.ts';
import { defineToken } from '../plugin/token.ts';
import type { Topic } from '../plugin/topic.ts';

/** What an agent's own plugins may know of it as a whole. */
export interface AgentState {
  /** What `hawser version` says. */
  readonly name: string;
  readonly version: string;
  readonly coreVersion: string;
  /** `starting` until no plugin is pending any more; `stopping` from the first signal on. */
  phase(): 'starting' | 'ready' | 'stopping';
  /** All plugins in start order, the disabled ones too. */
  reports(): readonly PluginReport[];
  /** Calls back when the phase, or the status of a plugin, may have changed. */
  onChange?(listener: () => void): Disposable;
  /** The kinds of events that its plugins declare. */
  topics?(): readonly Topic[];
}

/** Every agent has it; a set of plugins that is booted by itself, as in tests, may not: require it as optional. */
export const AgentState: Token<AgentState, 'hawser.agent.v1'> = defineToken<AgentState>()('hawser.agent.v1');
