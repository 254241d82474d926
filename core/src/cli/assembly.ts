import type { Agent } from '../agent/start-agent.ts';
import type { ProxyFactory } from '../config/index.ts';
import type { AnyPlugin } from '../plugin/definition.ts';
import type { CommandSpec } from './command.ts';

/** A command whose modules are loaded only when a word of the command line names it. */
export interface LazyCommand extends Pick<CommandSpec, 'name' | 'summary'> {
  load(): Promise<CommandSpec>;
}

/** A command line's subject: an agent with its plugins, and the commands that it adds to core's. */
export interface Assembly {
  /** Of the agent, for `hawser version` and the log. */
  readonly name: string;
  readonly version: string;
  /** The plugins, or how to load them: most commands only talk to the agent, which has them already. */
  readonly plugins: readonly AnyPlugin[] | (() => Promise<readonly AnyPlugin[]>);
  /** Who makes plugins of the config's `[proxy_plugins]`; loaded only where there are some. */
  readonly proxies?: () => Promise<ProxyFactory>;
  readonly commands?: readonly (CommandSpec | LazyCommand)[];
  /** Runs once when the agent of `hawser run` serves; its failure is a warning. */
  readonly onReady?: (agent: Agent) => Promise<void>;
}

/** The plugins, loaded if need be. */
export const pluginsOf = async ({ plugins }: Pick<Assembly, 'plugins'>): Promise<readonly AnyPlugin[]> =>
  typeof plugins === 'function' ? await plugins() : plugins;

/** Commands; of those that no word names only what a list of commands shows. */
export async function loadNamed(
  commands: readonly (CommandSpec | LazyCommand)[],
  words: readonly string[],
): Promise<readonly CommandSpec[]> {
  return await Promise.all(
    commands.map(async (command) => ('load' in command && words.includes(command.name) ? await command.load() : command)),
  );
}
