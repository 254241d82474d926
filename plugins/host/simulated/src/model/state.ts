import type { Family, Masquerade, NamespaceId } from '@hawser/core/network';
import type { Ip, Prefix } from './ip.ts';
import { refuse } from './refusal.ts';

/**
 * What the model kernel knows.
 *
 * ```
 * Net (a namespace) ─┬─ devices: index → Device ── peer → Device of any namespace, master → Device (a bridge)
 *                    ├─ addresses: of a device
 *                    ├─ routes: by a device or refusing
 *                    ├─ rules, neighbours, masquerades
 *                    └─ settings: sysctls by family and device
 * ```
 */
export interface Net {
  readonly id: NamespaceId;
  readonly devices: Map<number, Device>;
  addresses: NetAddress[];
  routes: NetRoute[];
  rules: NetRule[];
  neighbours: NetNeighbour[];
  readonly masquerades: Map<string, Masquerade>;
  readonly settings: NetSettings;
  nextIndex: number;
  /** Paths that it is bound to. */
  readonly paths: Set<string>;
  /** Open handles. */
  handles: number;
  /** The machine's own namespace, which stays whatever closes. */
  readonly own: boolean;
  alive: boolean;
}

export type DeviceKind = 'loopback' | 'veth' | 'bridge' | 'device';

export interface Device {
  readonly net: Net;
  readonly index: number;
  readonly kind: DeviceKind;
  name: string;
  mac: string;
  mtu: number;
  up: boolean;
  promiscuous: boolean;
  alias: string | undefined;
  group: number;
  hairpin: boolean;
  master: Device | undefined;
  peer: Device | undefined;
  /** A bridge whose MTU was told keeps it; others follow their ports. */
  mtuTold: boolean;
}

export interface NetAddress {
  readonly device: Device;
  readonly prefix: Prefix;
  readonly nodad: boolean;
  /** Of a subnet that the link has an earlier address in (IPv4). */
  secondary: boolean;
  /** Held time at which duplicate address detection is through; Infinity while the link does not run. */
  usableFrom: number;
}

export interface NetRoute {
  readonly dst: Prefix;
  readonly table: number;
  readonly priority: number;
  readonly type: 'unicast' | 'unreachable' | 'blackhole';
  readonly scope: 'global' | 'link' | 'host';
  readonly device: Device | undefined;
  readonly gateway: Ip | undefined;
  source: Ip | undefined;
  readonly mtu: number | undefined;
  readonly advmss: number | undefined;
  readonly onlink: boolean;
  /** Made by the kernel for an address. */
  readonly connected: boolean;
}

export interface NetRule {
  readonly family: Family;
  readonly priority: number;
  readonly table: number;
  readonly from: Prefix | undefined;
  readonly to: Prefix | undefined;
  readonly mark: number | undefined;
  readonly mask: number | undefined;
}

export interface NetNeighbour {
  readonly device: Device;
  readonly ip: Ip;
  readonly mac: string;
}

/** Sysctls: `4/all`, `6/default`, `4/3` (a device's index) → key → value; the rest under their full name. */
export interface NetSettings {
  readonly byDevice: Map<string, Map<string, string>>;
  readonly others: Map<string, string>;
}

/** What the model takes from outside. */
export interface Surroundings {
  /** Milliseconds that never run backwards. */
  monotonic(): number;
  /** Six bytes, locally administered, unicast. */
  mac(): string;
}

export const TABLE = { local: 255, main: 254, default: 253 } as const;

/** The least MTU that IPv6 works on (RFC 8200, 5). */
export const IPV6_MTU = 1_280;

/** The group of links that are to be deleted; they carry nothing. */
export const RETIRED_GROUP = 0x68776472;

/** Whether a link carries packets: up here and, for pairs and bridges, there as well. */
export function runs(device: Device): boolean {
  if (!device.up) return false;
  if (device.kind === 'veth') return device.peer?.up ?? false;
  if (device.kind === 'bridge') return portsOf(device).some(runs);
  return true;
}

export function portsOf(bridge: Device): readonly Device[] {
  return [...bridge.net.devices.values()].filter((device) => device.master === bridge);
}

export function deviceNamed(net: Net, name: string): Device | undefined {
  return net.devices.values().find((device) => device.name === name);
}

/** Throws `host.not_found`. */
export function mustFind(net: Net, name: string): Device {
  return deviceNamed(net, name) ?? refuse('ENODEV', `there is no link '${name}'`);
}
