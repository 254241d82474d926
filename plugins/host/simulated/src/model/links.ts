import type { BridgeSpec, Link, LinkSettings, VethSpec } from '@hawser/core/network';
import { addressesDown, addressesUp, dropAddressesOfDevice, settleIpv6 } from './addresses.ts';
import { dropNeighboursOfDevice } from './neighbours.ts';
import { refuse } from './refusal.ts';
import { dropRoutesOfDevice } from './routes.ts';
import { type Device, type DeviceKind, deviceNamed, mustFind, type Net, portsOf, RETIRED_GROUP, runs, type Surroundings } from './state.ts';
import { addDeviceSettings, removeDeviceSettings, writeDeviceSetting } from './sysctls.ts';

/** What a new device is told; the rest is the kernel's default. */
interface DeviceSpec {
  readonly kind: DeviceKind;
  readonly name: string;
  readonly mac?: string | undefined;
  readonly mtu?: number | undefined;
  readonly alias?: string | undefined;
}

const MTU = { least: 68, most: 65_535, usual: 1_500, loopback: 65_536 } as const;
const ALIAS_BYTES = 255;

export function renderLink(device: Device): Link {
  return {
    index: device.index,
    name: device.name,
    mac: device.mac,
    mtu: device.mtu,
    kind: device.kind,
    up: device.up,
    running: runs(device),
    promiscuous: device.promiscuous,
    group: device.group,
    ...(device.master === undefined ? {} : { master: device.master.index, hairpin: device.hairpin }),
    ...(device.peer === undefined ? {} : { peer: device.peer.index }),
    ...(device.alias === undefined ? {} : { alias: device.alias }),
  };
}

/** A device without anything yet; the caller has checked its name. */
export function addDevice(net: Net, spec: DeviceSpec, surroundings: Surroundings): Device {
  const device: Device = {
    net,
    index: net.nextIndex++,
    kind: spec.kind,
    name: spec.name,
    mac: spec.mac?.toLowerCase() ?? surroundings.mac(),
    mtu: spec.mtu ?? MTU.usual,
    up: false,
    promiscuous: false,
    alias: spec.alias,
    group: 0,
    hairpin: false,
    master: undefined,
    peer: undefined,
    mtuTold: spec.mtu !== undefined,
  };
  net.devices.set(device.index, device);
  addDeviceSettings(device);
  return device;
}

export function addLoopback(net: Net, surroundings: Surroundings): Device {
  return addDevice(net, { kind: 'loopback', name: 'lo', mac: '00:00:00:00:00:00', mtu: MTU.loopback }, surroundings);
}

/** Both ends or nothing. */
export function createVeth(net: Net, far: Net, spec: VethSpec, surroundings: Surroundings): void {
  for (const name of [spec.name, spec.peer.name]) checkName(name);
  checkSettings(spec);
  if (spec.peer.mac !== undefined) checkMac(spec.peer.mac);
  const master = spec.master === undefined ? undefined : mustFind(net, spec.master);
  if (deviceNamed(net, spec.name) !== undefined) refuse('EEXIST', `link '${spec.name}' exists`);
  if (deviceNamed(far, spec.peer.name) !== undefined || (net === far && spec.name === spec.peer.name))
    refuse('EEXIST', `link '${spec.peer.name}' exists`);
  if (master !== undefined) mustBeBridge(master);
  if (spec.hairpin === true && master === undefined) refuse('EOPNOTSUPP', 'hairpin is of bridge ports only');
  // The far end is made first, as the kernel does.
  const peer = addDevice(far, { kind: 'veth', name: spec.peer.name, mac: spec.peer.mac, mtu: spec.mtu }, surroundings);
  const near = addDevice(net, { kind: 'veth', name: spec.name, mac: spec.mac, mtu: spec.mtu, alias: spec.alias }, surroundings);
  near.peer = peer;
  peer.peer = near;
  if (spec.ipv6 === false) writeDeviceSetting(near, 6, 'disable_ipv6', '1');
  if (master !== undefined) joinBridge(near, master, surroundings);
  near.hairpin = spec.hairpin ?? false;
  if (spec.peer.up === true) setUp(peer, surroundings);
  if (spec.up === true) setUp(near, surroundings);
}

export function createBridge(net: Net, spec: BridgeSpec, surroundings: Surroundings): void {
  checkName(spec.name);
  checkSettings(spec);
  if (deviceNamed(net, spec.name) !== undefined) refuse('EEXIST', `link '${spec.name}' exists`);
  const bridge = addDevice(net, { kind: 'bridge', name: spec.name, mac: spec.mac, mtu: spec.mtu }, surroundings);
  bridge.promiscuous = spec.promiscuous ?? false;
  if (spec.up === true) setUp(bridge, surroundings);
}

/** All of it or nothing, but for a master that is refused: the link has left the one before by then. */
export function setLink(net: Net, name: string, settings: LinkSettings, surroundings: Surroundings): void {
  const device = mustFind(net, name);
  const master = typeof settings.master === 'string' ? mustFind(net, settings.master) : undefined;
  checkSettings(settings);
  checkNewName(device, settings.name);
  if (master !== undefined && !canJoin(device, master)) return refuseMaster(device, master, surroundings);
  const staysPort = master !== undefined || (settings.master === undefined && device.master !== undefined);
  if (settings.hairpin !== undefined && !staysPort) refuse('EOPNOTSUPP', `link '${name}' is no port of a bridge`);

  if (settings.name !== undefined) device.name = settings.name;
  if (settings.mac !== undefined) device.mac = settings.mac.toLowerCase();
  if (settings.alias !== undefined) device.alias = settings.alias === '' ? undefined : settings.alias;
  if (settings.promiscuous !== undefined) device.promiscuous = settings.promiscuous;
  if (settings.mtu !== undefined) setMtu(device, settings.mtu, surroundings);
  if (settings.master === null) leaveBridge(device, surroundings);
  if (master !== undefined && device.master !== master) joinBridge(device, master, surroundings);
  if (settings.hairpin !== undefined) device.hairpin = settings.hairpin;
  if (settings.up === true) setUp(device, surroundings);
  if (settings.up === false) setDown(device);
  settleAround(device, surroundings);
}

/** With its peer, and all that is on either. */
export function deleteLink(net: Net, name: string, surroundings: Surroundings): void {
  const device = mustFind(net, name);
  if (device.kind === 'loopback' || device.kind === 'device') refuse('EOPNOTSUPP', `link '${name}' can't be deleted`);
  removeDevice(device, surroundings);
}

export function removeDevice(device: Device, surroundings: Surroundings): void {
  const { peer, master, net } = device;
  for (const port of portsOf(device)) leaveBridge(port, surroundings);
  leaveBridge(device, surroundings);
  dropAddressesOfDevice(device);
  dropRoutesOfDevice(device);
  dropNeighboursOfDevice(device);
  removeDeviceSettings(device);
  net.devices.delete(device.index);
  device.peer = undefined;
  if (peer !== undefined) {
    peer.peer = undefined;
    removeDevice(peer, surroundings);
  }
  if (master !== undefined) settleAround(master, surroundings);
}

/** Down, and marked to be deleted with others. */
export function retire(device: Device): void {
  setDown(device);
  device.group = RETIRED_GROUP;
}

export function setUp(device: Device, surroundings: Surroundings): void {
  if (!device.up) {
    device.up = true;
    addressesUp(device, surroundings);
  }
  settleAround(device, surroundings);
}

function setDown(device: Device): void {
  if (!device.up) return;
  device.up = false;
  addressesDown(device);
  dropNeighboursOfDevice(device);
}

/** Whatever may have gained carrier by a change of this device. */
function settleAround(device: Device, surroundings: Surroundings): void {
  for (const near of [device, device.peer, device.master, device.peer?.master]) if (near !== undefined) settleIpv6(near, surroundings);
}

function joinBridge(port: Device, bridge: Device, surroundings: Surroundings): void {
  leaveBridge(port, surroundings);
  port.master = bridge;
  followPorts(bridge, surroundings);
}

function leaveBridge(port: Device, surroundings: Surroundings): void {
  const bridge = port.master;
  port.master = undefined;
  port.hairpin = false;
  if (bridge !== undefined) followPorts(bridge, surroundings);
}

function setMtu(device: Device, mtu: number, surroundings: Surroundings): void {
  if (device.mtu === mtu) return;
  device.mtu = mtu;
  device.mtuTold = true;
  if (device.master !== undefined) followPorts(device.master, surroundings);
}

/** A bridge whose MTU was never told has the least of its ports. */
function followPorts(bridge: Device, surroundings: Surroundings): void {
  if (!bridge.mtuTold)
    bridge.mtu = Math.min(...portsOf(bridge).map((port) => port.mtu), portsOf(bridge).length === 0 ? MTU.usual : Infinity);
  settleIpv6(bridge, surroundings);
}

function canJoin(device: Device, master: Device): boolean {
  return master.kind === 'bridge' && (device.kind === 'veth' || device.kind === 'device');
}

function refuseMaster(device: Device, master: Device, surroundings: Surroundings): never {
  leaveBridge(device, surroundings);
  return refuse(
    master.kind !== 'bridge' ? 'EOPNOTSUPP' : device.kind === 'bridge' ? 'ELOOP' : 'EINVAL',
    `link '${device.name}' can't be a port of '${master.name}'`,
  );
}

function mustBeBridge(device: Device): void {
  if (device.kind !== 'bridge') refuse('EOPNOTSUPP', `link '${device.name}' is no bridge`);
}

function checkNewName(device: Device, name: string | undefined): void {
  if (name === undefined || name === device.name) return;
  checkName(name);
  if (deviceNamed(device.net, name) !== undefined) refuse('EEXIST', `link '${name}' exists`);
}

/** The kernel's rule; it would also put a number in place of `%d`, which nobody here means. */
function checkName(name: string): void {
  if (!/^[^\s/:%]{1,15}$/u.test(name) || name === '.' || name === '..' || Buffer.byteLength(name) > 15)
    refuse('EINVAL', `'${name}' is no name of a link`);
}

function checkMac(mac: string): void {
  if (!/^[0-9a-f][02468ace](:[0-9a-f]{2}){5}$/i.test(mac) || mac === '00:00:00:00:00:00') refuse('EINVAL', `'${mac}' is no MAC of a link`);
}

function checkSettings(settings: { readonly mac?: string; readonly mtu?: number; readonly alias?: string }): void {
  const { mac, mtu, alias } = settings;
  if (mac !== undefined) checkMac(mac);
  if (mtu !== undefined && !(mtu >= MTU.least && mtu <= MTU.most && Number.isInteger(mtu))) refuse('EINVAL', `MTU ${mtu} is out of range`);
  if (alias !== undefined && Buffer.byteLength(alias) > ALIAS_BYTES) refuse('EINVAL', `an alias has at most ${ALIAS_BYTES} bytes`);
}
