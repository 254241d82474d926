import { type Address, hostErrors } from '@hawser/core/network';
import { formatPrefix, linkLocal, network, parsePrefix, type Prefix, sameIp } from './ip.ts';
import { dropNeighboursOfDevice } from './neighbours.ts';
import { refuse } from './refusal.ts';
import { addConnectedRoute, dropRoutesOfAddress, dropRoutesOfDevice } from './routes.ts';
import { type Device, IPV6_MTU, mustFind, type Net, type NetAddress, runs, type Surroundings } from './state.ts';
import { ownSetting, setting } from './sysctls.ts';

/** Retransmission timer and random delay of duplicate address detection (RFC 4862, 5.4), milliseconds together. */
const DETECTION_MS = 1_500;

const LOOPBACK = ['127.0.0.1/8', '::1/128'];

export function listAddresses(net: Net, link?: string): readonly Address[] {
  const device = link === undefined ? undefined : mustFind(net, link);
  return net.addresses.filter((address) => device === undefined || address.device === device).map(renderAddress);
}

export function renderAddress(address: NetAddress): Address {
  return { link: address.device.name, cidr: formatPrefix(address.prefix), ...(address.nodad ? { nodad: true } : {}) };
}

export function addAddress(net: Net, told: Address, surroundings: Surroundings): void {
  const prefix = parsePrefix(told.cidr);
  const device = mustFind(net, told.link);
  if (prefix.family === 6 && !hasIpv6(device)) refuse(device.mtu < IPV6_MTU ? 'EINVAL' : 'EACCES', `IPv6 is off on link '${device.name}'`);
  if (net.addresses.some((other) => other.device === device && same(other.prefix, prefix))) return;
  place(device, prefix, told.nodad ?? false, surroundings);
}

export function deleteAddress(net: Net, told: Address): void {
  const prefix = parsePrefix(told.cidr);
  const device = mustFind(net, told.link);
  const address = net.addresses.find((other) => other.device === device && same(other.prefix, prefix));
  if (address === undefined) return refuse('EADDRNOTAVAIL', `link '${device.name}' has no address ${told.cidr}`, hostErrors.notFound);
  const followers = net.addresses.filter((other) => other !== address && other.secondary && sameSubnet(other, address));
  remove(address);
  if (address.secondary || followers.length === 0) return finishRemoval(address);
  if (setting(device, 4, 'promote_secondaries') === 0) for (const follower of followers) remove(follower);
  else promote(followers);
  finishRemoval(address);
}

/** What coming up brings: routes to subnets, and on lo the addresses that every namespace has. */
export function addressesUp(device: Device, surroundings: Surroundings): void {
  if (device.kind === 'loopback') for (const cidr of LOOPBACK) addAddress(device.net, { link: device.name, cidr }, surroundings);
  for (const address of device.net.addresses) if (address.device === device) addConnectedRoute(address);
}

/** What going down takes: all routes, and the addresses of IPv6. */
export function addressesDown(device: Device): void {
  dropRoutesOfDevice(device);
  if (setting(device, 6, 'keep_addr_on_down') === 0) dropIpv6(device);
}

/** After carrier, MTU, MAC or `disable_ipv6` may have changed. */
export function settleIpv6(device: Device, surroundings: Surroundings): void {
  if (!hasIpv6(device)) return dropIpv6(device);
  if (!runs(device)) return;
  for (const address of device.net.addresses)
    if (address.device === device && address.usableFrom === Infinity) address.usableFrom = usableFrom(device, address.nodad, surroundings);
  const missing =
    device.kind !== 'loopback' && !device.net.addresses.some((address) => address.device === device && isOwnLinkLocal(address));
  if (missing && ownSetting(device, 6, 'addr_gen_mode') === 0) place(device, linkLocal(device.mac), false, surroundings);
}

export function dropAddressesOfDevice(device: Device): void {
  device.net.addresses = device.net.addresses.filter((address) => address.device !== device);
}

function place(device: Device, prefix: Prefix, nodad: boolean, surroundings: Surroundings): void {
  const { net } = device;
  const secondary = prefix.family === 4 && net.addresses.some((other) => other.device === device && sameNetwork(other.prefix, prefix));
  const address: NetAddress = {
    device,
    prefix,
    nodad,
    secondary,
    usableFrom: prefix.family === 4 ? 0 : usableFrom(device, nodad, surroundings),
  };
  net.addresses.push(address);
  addConnectedRoute(address);
}

function usableFrom(device: Device, nodad: boolean, surroundings: Surroundings): number {
  if (nodad || device.kind === 'loopback' || setting(device, 6, 'accept_dad') === 0 || ownSetting(device, 6, 'dad_transmits') === 0)
    return 0;
  return runs(device) ? surroundings.monotonic() + DETECTION_MS : Infinity;
}

function remove(address: NetAddress): void {
  const { net } = address.device;
  net.addresses = net.addresses.filter((other) => other !== address);
  dropRoutesOfAddress(address);
}

/** A link without a last address of IPv4 has no IPv4: its routes and neighbours go. */
function finishRemoval(address: NetAddress): void {
  const { device, prefix } = address;
  if (prefix.family === 6 || device.net.addresses.some((other) => other.device === device && other.prefix.family === 4)) return;
  dropRoutesOfDevice(device, 4);
  dropNeighboursOfDevice(device, 4);
}

function promote(followers: readonly NetAddress[]): void {
  const [first] = followers;
  if (first === undefined) return;
  first.secondary = false;
  addConnectedRoute(first);
}

function dropIpv6(device: Device): void {
  const { net } = device;
  net.addresses = net.addresses.filter((address) => address.device !== device || address.prefix.family === 4);
  dropRoutesOfDevice(device, 6);
  dropNeighboursOfDevice(device, 6);
}

function hasIpv6(device: Device): boolean {
  return device.mtu >= IPV6_MTU && setting(device, 6, 'disable_ipv6') === 0;
}

function isOwnLinkLocal(address: NetAddress): boolean {
  return address.prefix.family === 6 && address.prefix.value >> 112n === 0xfe80n;
}

function same(a: Prefix, b: Prefix): boolean {
  return sameIp(a, b) && a.length === b.length;
}

function sameNetwork(a: Prefix, b: Prefix): boolean {
  return same(network(a), network(b));
}

function sameSubnet(a: NetAddress, b: NetAddress): boolean {
  return a.device === b.device && sameNetwork(a.prefix, b.prefix);
}
