import type { NamespaceId } from '@hawser/core/network';
import { addLoopback, removeDevice } from './links.ts';
import { defaultRules } from './rules.ts';
import type { Net, Surroundings } from './state.ts';
import { newSettings } from './sysctls.ts';

/** A namespace with lo, as the kernel makes it: lo is down. */
export function newNet(id: NamespaceId, own: boolean, surroundings: Surroundings): Net {
  const net: Net = {
    id,
    devices: new Map(),
    addresses: [],
    routes: [],
    rules: defaultRules(),
    neighbours: [],
    masquerades: new Map(),
    settings: newSettings(),
    nextIndex: 1,
    paths: new Set(),
    handles: 0,
    own,
    alive: true,
  };
  addLoopback(net, surroundings);
  return net;
}

/** Ends a namespace: its links go, and their peers in other namespaces with them. */
export function endNet(net: Net, surroundings: Surroundings): void {
  net.alive = false;
  for (const device of [...net.devices.values()]) if (net.devices.has(device.index)) removeDevice(device, surroundings);
}

/** Nothing holds it any more. */
export const isUnheld = (net: Net): boolean => net.alive && !net.own && net.paths.size === 0 && net.handles === 0;
