/** What the kernel needs of the config. `loadConfig` makes one from a file, `pluginConfig` from tables. */
export interface PluginConfig {
  /** URI → settings that its schema has accepted, defaults filled in. */
  readonly settings: ReadonlyMap<string, unknown>;
  /** URIs that have a table. */
  readonly configured: ReadonlySet<string>;
  /** URIs that don't take part. */
  readonly disabled: ReadonlySet<string>;
  /** URIs without which the agent is not to run. */
  readonly required: ReadonlySet<string>;
}
