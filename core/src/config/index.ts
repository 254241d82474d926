export type { AgentConfig, ConfigFault, Origin } from './agent-config.ts';
export { configJsonSchema } from './config-shape.ts';
export { defaultConfigToml } from './default-toml.ts';
export { dumpConfig } from './dump.ts';
export { configErrors } from './errors.ts';
export { cidr, duration, identifier, ifname, ipAddress, mac, path, size } from './fields.ts';
export { loadConfig, type LoadOptions } from './load.ts';
export { configMarkdown } from './markdown.ts';
export { pluginConfig, type PluginTables } from './plugin-settings.ts';
