/** Every contract that a plugin may provide or require, token and type under one name, with the shapes they speak of. */
export { Paths } from './config/paths.ts';
export * from './claims/claims.ts';
export * from './events/events.ts';
export * from './gc/gc.ts';
export * from './leases/leases.ts';
export * from './metadata/namespaces.ts';
export * from './metadata/snapshot-backend.ts';
export * from './metadata/snapshots.ts';
export * from './metadata/store.ts';
export * from './telemetry/agent-state.ts';
export * from './telemetry/health.ts';
export * from './telemetry/metrics.ts';
export { Attachments } from './network/attachments.ts';
export { Host } from './network/host.ts';
export { Ipam } from './network/ipam.ts';
export { NetworkMode } from './network/mode.ts';
