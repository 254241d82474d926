import type { Agent } from '../agent/start-agent.ts';
import type { AnyPlugin } from '../plugin/definition.ts';
import type { CommandSpec } from './command.ts';

/** A command line's subject: an agent with its plugins, and the commands that it adds to core's. */
export interface Assembly {
  /** Of the agent, for `hawser version` and the log. */
  readonly name: string;
  readonly version: string;
  readonly plugins: readonly AnyPlugin[];
  readonly commands?: readonly CommandSpec[];
  /** Runs once when the agent of `hawser run` serves; its failure is a warning. */
  readonly onReady?: (agent: Agent) => Promise<void>;
}
