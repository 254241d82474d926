export type { Disturbance, Disturbances, Injected, Latency } from './disturbances.ts';
export type { Trace } from './model/paths.ts';
export type { Operation } from './operations.ts';
export { default } from './plugin.ts';
export { openSimulatedHost, type SimulatedHost } from './simulated-host.ts';
export { SimulatedKernel, type SimulatedKernelOptions } from './simulated-kernel.ts';
export type { KernelSnapshot, NamespaceSnapshot } from './snapshot.ts';
