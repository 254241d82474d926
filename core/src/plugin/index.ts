export * from './definition.ts';
export type { Scope } from './scope.ts';
export type { PluginReport, PluginStatus } from './status.ts';
export * from './token.ts';
