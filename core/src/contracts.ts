/** Every contract that a plugin may provide or require: token and type under one name. */
export { Claims, claimName } from './claims/claims.ts';
export { Paths } from './config/paths.ts';
export { Events } from './events/events.ts';
export { Gc } from './gc/gc.ts';
export { Leases } from './leases/leases.ts';
export { Snapshots } from './metadata/snapshots.ts';
export { Metadata } from './metadata/store.ts';
export { Attachments } from './network/attachments.ts';
export { Host } from './network/host.ts';
export { Ipam } from './network/ipam.ts';
export { NetworkMode } from './network/mode.ts';
