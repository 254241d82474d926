import { Paths } from '../config/paths.ts';
import type { AnyPlugin, PluginDefinition } from '../plugin/definition.ts';
import { definePlugin } from '../plugin/definition.ts';

import { agentTopics } from './topics.ts';

type PathsPlugin = PluginDefinition<Paths, 'hawser.paths.v1', 'agent', Record<never, never>>;

const withFolders = (folders: () => Paths): PathsPlugin =>
  definePlugin({
    provides: Paths,
    id: 'agent',
    stability: 'stable',
    summary: 'The folders of this agent.',
    topics: agentTopics,
    start: folders,
  });

/** Stands for the agent's folders in a static assembly, so that its wiring can be checked; the agent fills it in. */
export const paths: PathsPlugin = withFolders(() => {
  throw new Error("the folders are the agent's to give: start this set with startAgent");
});

/** The set with the folders that the config has chosen. */
export function withPaths(plugins: readonly AnyPlugin[], folders: Paths): readonly AnyPlugin[] {
  const provider = withFolders(() => folders);
  const others = plugins.filter((plugin) => plugin.provides.id !== provider.provides.id || plugin.id !== provider.id);
  return [provider, ...others];
}
