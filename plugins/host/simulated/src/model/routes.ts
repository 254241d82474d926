import type { Family, Route } from '@hawser/core/network';
import {
  contains,
  formatIp,
  formatPrefix,
  type Ip,
  isHostPrefix,
  isLinkLocal,
  network,
  parseIp,
  parsePrefix,
  type Prefix,
  sameIp,
} from './ip.ts';
import { refuse } from './refusal.ts';
import { type Device, IPV6_MTU, mustFind, type Net, type NetAddress, type NetRoute, TABLE } from './state.ts';

export interface RouteFilter {
  readonly family?: Family;
  readonly table?: number;
  readonly link?: string;
}

const V6_PRIORITY = { connected: 256, told: 1024 } as const;

export function listRoutes(net: Net, filter: RouteFilter = {}): readonly Route[] {
  const device = filter.link === undefined ? undefined : mustFind(net, filter.link);
  const routes = filter.table === TABLE.local ? localRoutes(net) : net.routes;
  return routes
    .filter((route) => filter.table === undefined || route.table === filter.table)
    .filter((route) => filter.family === undefined || route.dst.family === filter.family)
    .filter((route) => device === undefined || route.device === device)
    .map(render);
}

/** Adds, or replaces the first with the same destination, priority and table; or adds it beside those. */
export function replaceRoute(net: Net, told: Route): void {
  const route = resolve(net, told);
  if (told.beside === true) return addBeside(net, route);
  const at = net.routes.findIndex((other) => sameSlot(other, route));
  if (at < 0) net.routes.push(route);
  else net.routes[at] = route;
}

/** The newest of IPv4 comes first. */
function addBeside(net: Net, route: NetRoute): void {
  if (net.routes.some((other) => sameSlot(other, route) && sameWay(other, route))) return;
  if (route.dst.family === 4) net.routes.unshift(route);
  else net.routes.push(route);
}

/** Of several that fit, the one with the lowest priority goes. */
export function deleteRoute(net: Net, told: Route): void {
  const dst = parsePrefix(told.dst);
  const device = told.link === undefined ? undefined : mustFind(net, told.link);
  const gateway = told.gateway === undefined ? undefined : parseIp(told.gateway);
  const fitting = net.routes.filter(
    (route) =>
      route.table === (told.table ?? TABLE.main) &&
      samePrefix(route.dst, dst) &&
      (told.priority === undefined || route.priority === told.priority) &&
      (told.type === undefined || route.type === told.type) &&
      (device === undefined || route.device === device) &&
      (gateway === undefined || (route.gateway !== undefined && sameIp(route.gateway, gateway))),
  );
  const [first] = fitting.toSorted((a, b) => a.priority - b.priority);
  if (first === undefined) refuse('ESRCH', `there is no route to ${told.dst}`);
  net.routes.splice(net.routes.indexOf(first), 1);
}

/** The route to the subnet of an address, unless it is there already or there is none to make (what is on lo is local). */
export function addConnectedRoute(address: NetAddress): void {
  const { device, prefix } = address;
  if (!device.up || device.kind === 'loopback' || address.secondary || (prefix.family === 4 && isHostPrefix(prefix))) return;
  const route: NetRoute = {
    dst: network(prefix),
    table: TABLE.main,
    priority: prefix.family === 4 ? 0 : V6_PRIORITY.connected,
    type: 'unicast',
    scope: prefix.family === 4 ? 'link' : 'global',
    device,
    gateway: undefined,
    source: prefix.family === 4 ? prefix : undefined,
    mtu: undefined,
    advmss: undefined,
    onlink: false,
    connected: true,
  };
  const there = device.net.routes.some((other) => sameSlot(other, route) && other.device === device && other.connected);
  if (!there) device.net.routes.push(route);
}

/** After an address has gone: its subnet's route when no other address of the link is in it, and its use as a source. */
export function dropRoutesOfAddress(address: NetAddress): void {
  const { device, prefix } = address;
  const { net } = device;
  const remaining = net.addresses.filter((other) => other.prefix.family === prefix.family);
  const subnet = network(prefix);
  const keeps = remaining.some((other) => other.device === device && samePrefix(network(other.prefix), subnet));
  if (!keeps) net.routes = net.routes.filter((route) => !(route.connected && route.device === device && samePrefix(route.dst, subnet)));
  if (remaining.some((other) => sameIp(other.prefix, prefix))) return;
  const uses = (route: NetRoute): boolean => route.source !== undefined && sameIp(route.source, prefix);
  if (prefix.family === 4) net.routes = net.routes.filter((route) => !uses(route));
  else for (const route of net.routes) if (uses(route)) route.source = undefined;
}

/** Routes by a link that goes down, loses a family or goes away. */
export function dropRoutesOfDevice(device: Device, family?: Family): void {
  device.net.routes = device.net.routes.filter((route) => route.device !== device || (family !== undefined && route.dst.family !== family));
}

/** Longest prefix, then lowest priority, then first made. */
export function longestMatch(net: Net, table: number, ip: Ip, by?: Device): NetRoute | undefined {
  const matches = net.routes.filter(
    (route) => route.table === table && contains(route.dst, ip) && (route.device?.up ?? true) && (by === undefined || route.device === by),
  );
  return matches.toSorted((a, b) => b.dst.length - a.dst.length || a.priority - b.priority)[0];
}

function resolve(net: Net, told: Route): NetRoute {
  const dst = parsePrefix(told.dst);
  if (!samePrefix(network(dst), dst)) refuse('EINVAL', `${told.dst} has bits set beyond its prefix`);
  const gateway = told.gateway === undefined ? undefined : parseIp(told.gateway);
  const source = told.source === undefined ? undefined : parseIp(told.source);
  const type = told.type ?? 'unicast';
  if (gateway !== undefined && gateway.family !== dst.family)
    refuse('EINVAL', `gateway ${told.gateway} is of another family than ${told.dst}`);
  return {
    dst,
    table: told.table ?? TABLE.main,
    priority: told.priority ?? (dst.family === 4 ? 0 : V6_PRIORITY.told),
    type,
    scope: dst.family === 6 ? 'global' : (told.scope ?? (gateway === undefined && type === 'unicast' ? 'link' : 'global')),
    device: type === 'unicast' ? outgoing(net, told, gateway, dst.family) : undefined,
    gateway,
    source: checkedSource(net, dst, source),
    mtu: told.mtu,
    advmss: told.advmss,
    onlink: told.onlink ?? false,
    connected: false,
  };
}

/** The device that a route leaves by, checked in the kernel's order. */
function outgoing(net: Net, told: Route, gateway: Ip | undefined, family: Family): Device {
  const device = told.link === undefined ? undefined : mustFind(net, told.link);
  if (device !== undefined) checkDevice(device, family);
  if (told.onlink === true) checkOnlink(device, gateway, family);
  if (gateway === undefined) return device ?? refuse('ENODEV', `a route to ${told.dst} needs a gateway or a link`);
  // IPv4 takes an address of its own for a gateway, unless it is told that it is on the link.
  const own = (family === 6 || told.onlink === true) && net.addresses.some((address) => sameIp(address.prefix, gateway));
  if (own) refuse('EINVAL', `gateway ${formatIp(gateway)} is an address of this namespace`);
  if (told.onlink === true && device !== undefined) checkElsewhere(net, gateway, device);
  if (device !== undefined && (told.onlink === true || isLinkLocal(gateway))) return device;
  return deviceTowards(net, gateway, device);
}

/** IPv6 does not believe that a gateway is on a link when a route to its subnet says another. */
function checkElsewhere(net: Net, gateway: Ip, device: Device): void {
  const route = longestMatch(net, TABLE.main, gateway);
  const elsewhere = route !== undefined && route.dst.length > 0 && route.device !== device;
  if (gateway.family === 6 && elsewhere) refuse('EINVAL', `gateway ${formatIp(gateway)} is not on link '${device.name}'`);
}

function checkDevice(device: Device, family: Family): void {
  if (family === 6 && device.mtu < IPV6_MTU) refuse('ENODEV', `link '${device.name}' has no IPv6 below an MTU of ${IPV6_MTU}`);
  if (!device.up) refuse('ENETDOWN', `link '${device.name}' is down`);
}

function checkOnlink(device: Device | undefined, gateway: Ip | undefined, family: Family): void {
  if (gateway === undefined && family === 4) refuse('EINVAL', 'only a gateway can be on the link');
  if (device === undefined) refuse('ENODEV', 'a gateway on the link needs the link');
}

/** The link that reaches a gateway without another one between. */
function deviceTowards(net: Net, gateway: Ip, wanted: Device | undefined): Device {
  const route = longestMatch(net, TABLE.main, gateway, wanted);
  const fits = route?.type === 'unicast' && route.gateway === undefined;
  const local = net.addresses.find((address) => sameIp(address.prefix, gateway) && (wanted === undefined || address.device === wanted));
  const reached = fits ? route.device : route === undefined ? local?.device : undefined;
  if (reached === undefined)
    return refuse(gateway.family === 4 ? 'ENETUNREACH' : 'EHOSTUNREACH', `no link reaches gateway ${formatIp(gateway)}`);
  if (!reached.up) refuse('ENETDOWN', `link '${reached.name}' is down`);
  return reached;
}

function checkedSource(net: Net, dst: Prefix, source: Ip | undefined): Ip | undefined {
  if (source === undefined) return undefined;
  const here = source.family === dst.family && net.addresses.some((address) => sameIp(address.prefix, source));
  return here ? source : refuse('EINVAL', `source ${formatIp(source)} is no address of this namespace`);
}

function sameSlot(a: NetRoute, b: NetRoute): boolean {
  return a.table === b.table && a.priority === b.priority && samePrefix(a.dst, b.dst);
}

function sameWay(a: NetRoute, b: NetRoute): boolean {
  const sameGateway = a.gateway === b.gateway || (a.gateway !== undefined && b.gateway !== undefined && sameIp(a.gateway, b.gateway));
  return a.device === b.device && sameGateway;
}

function samePrefix(a: Prefix, b: Prefix): boolean {
  return sameIp(a, b) && a.length === b.length;
}

function localRoutes(net: Net): readonly NetRoute[] {
  return net.addresses.map((address) => ({
    dst: { ...address.prefix, length: address.prefix.family === 4 ? 32 : 128 },
    table: TABLE.local,
    priority: 0,
    type: 'unicast',
    scope: address.prefix.family === 4 ? 'host' : 'global',
    device: address.device,
    gateway: undefined,
    source: address.prefix.family === 4 ? address.prefix : undefined,
    mtu: undefined,
    advmss: undefined,
    onlink: false,
    connected: true,
  }));
}

function render(route: NetRoute): Route {
  return {
    dst: formatPrefix(route.dst),
    table: route.table,
    scope: route.scope,
    type: route.type,
    ...(route.device === undefined ? {} : { link: route.device.name }),
    ...(route.gateway === undefined ? {} : { gateway: formatIp(route.gateway) }),
    ...(route.source === undefined ? {} : { source: formatIp(route.source) }),
    ...(route.priority === 0 ? {} : { priority: route.priority }),
    ...(route.mtu === undefined ? {} : { mtu: route.mtu }),
    ...(route.advmss === undefined ? {} : { advmss: route.advmss }),
    ...(route.onlink ? { onlink: true } : {}),
  };
}
