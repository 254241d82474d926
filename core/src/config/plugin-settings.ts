import type { JsonObject } from '../json.ts';
import type { AnyPlugin } from '../plugin/definition.ts';
import type { PluginConfig } from '../plugin/plugin-config.ts';

export interface PluginTables {
  /** URI → table as a file would have it. */
  readonly tables?: Readonly<Record<string, JsonObject>>;
  readonly required?: readonly string[];
  readonly disabled?: readonly string[];
}

/**
 * The kernel's part of a config from tables instead of a file, for embedders and tests: validated as a file is, with
 * defaults. Throws `config.invalid`.
 */
export function pluginConfig(plugins: readonly AnyPlugin[], given: PluginTables = {}): PluginConfig {
  void plugins, given;
  throw new Error('not built yet');
}
