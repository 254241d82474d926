export type { AgentConfig, ConfigFault, Origin } from './agent-config.ts';
export { configJsonSchema, configMarkdown, defaultConfigToml, dumpConfig } from './describe.ts';
export { cidr, duration, identifier, ifname, ipAddress, mac, path, size } from './fields.ts';
export { loadConfig, type LoadOptions } from './load.ts';
export { pluginConfig, type PluginTables } from './plugin-settings.ts';
