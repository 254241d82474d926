import type { AgentConfig } from '../config/index.ts';
import { uriOf } from '../plugin/index.ts';
import { corePlugins } from './core-plugins.ts';

/** Without its store and what stands on it an agent can only refuse; then it had better not seem to run. */
export function withCoreRequired({ plugins, allPlugins }: Pick<AgentConfig, 'plugins' | 'allPlugins'>): AgentConfig['plugins'] {
  const present = new Set(allPlugins.map(uriOf));
  const core = corePlugins.map(uriOf).filter((uri) => present.has(uri) && !plugins.disabled.has(uri));
  return { ...plugins, required: new Set([...plugins.required, ...core]) };
}
