import type { JsonObject } from '../json.ts';
import type { AnyPlugin } from '../plugin/definition.ts';
import { uriOf } from '../plugin/uri.ts';
import type { AgentConfig } from './agent-config.ts';
import { coreShape, pluginShape } from './config-shape.ts';
import { isTable } from './merge.ts';
import { withDefaults } from './setting.ts';

/** The core keys that are in force, as a file would have them. Imports and removals have been carried out, so their lists are empty. */
export function effectiveCore({ table }: AgentConfig): JsonObject {
  const { plugins: _, ...core } = table;
  return { ...withDefaults(coreShape(), core), imports: [], unset: [] };
}

/** What is in force of a plugin's table, as a file would have it; undefined for one that is off and has no table. */
export function effectivePlugin({ table, plugins }: AgentConfig, plugin: AnyPlugin): JsonObject | undefined {
  const uri = uriOf(plugin);
  const given = table['plugins'];
  const own = isTable(given) && Object.hasOwn(given, uri) ? given[uri] : undefined;
  if (own === undefined && !plugins.settings.has(uri)) return undefined;
  return withDefaults(pluginShape(plugin), isTable(own) ? own : {});
}
