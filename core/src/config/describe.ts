import type { JsonObject } from '../json.ts';
import type { AnyPlugin } from '../plugin/definition.ts';
import type { AgentConfig } from './agent-config.ts';

/** The default config with every key of these plugins, its description as a comment. It can be loaded again. */
export function defaultConfigToml(plugins: readonly AnyPlugin[]): string {
  void plugins;
  return '';
}

/** The effective config: as TOML with each value's origin as a comment, and as JSON with origins by key path. */
export function dumpConfig(config: AgentConfig): { readonly toml: string; readonly json: JsonObject } {
  void config;
  return { toml: '', json: {} };
}

/** JSON Schema (draft 2020-12) of the config file. */
export function configJsonSchema(plugins: readonly AnyPlugin[]): JsonObject {
  void plugins;
  return {};
}

/** The config reference in Markdown: a table per plugin. */
export function configMarkdown(plugins: readonly AnyPlugin[]): string {
  void plugins;
  return '';
}
