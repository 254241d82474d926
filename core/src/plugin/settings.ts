import type { AnyPlugin } from './definition.ts';
import { pluginErrors } from './errors.ts';
import type { PluginConfig } from './plugin-config.ts';
import { uriOf } from './uri.ts';

/** The settings of one plugin: those of the config, else its defaults. Throws `plugin.graph_invalid` where it has none. */
export function settingsOf(plugin: AnyPlugin, config: PluginConfig): unknown {
  const uri = uriOf(plugin);
  if (config.settings.has(uri)) return config.settings.get(uri);
  const schema = plugin.config;
  if (schema === undefined) return {};
  const parsed = schema.safeParse({});
  if (parsed.success) return parsed.data;
  throw pluginErrors.graphInvalid(`plugin '${uri}' has no settings, and no defaults for all of them`, { cause: parsed.error });
}
