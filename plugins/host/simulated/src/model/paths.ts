import { contains, formatIp, type Ip, isLinkLocal, sameIp } from './ip.ts';
import { masquerades } from './masquerades.ts';
import { longestMatch } from './routes.ts';
import { type Device, type Net, type NetRoute, portsOf, runs, TABLE } from './state.ts';
import { ownSetting, setting } from './sysctls.ts';

/** The way of one echo and its answer through the model. */
export interface Trace {
  readonly reached: boolean;
  /** Where it ended when it did not reach: one clause. */
  readonly reason?: string;
  /** The sender's own kernel refused at once; nobody had to wait. */
  readonly refused?: boolean;
  /** The source that the target saw: another than the sender's after masquerading. */
  readonly sourceSeen?: string;
  /** `<inode of the namespace>:<link>` that it came in by, hop for hop, there and back. */
  readonly hops: readonly string[];
}

interface Packet {
  readonly source: Ip;
  readonly destination: Ip;
  readonly hopLimit: number;
}

/** A translation that a namespace remembers for answers. */
interface Translation {
  readonly net: Net;
  readonly to: Ip;
  readonly original: Ip;
}

type Outcome = { readonly arrived: Net; readonly packet: Packet } | { readonly lost: string; readonly refused?: boolean };

const HOP_LIMIT = 64;

/** Sends an echo from a namespace and its answer back. `now` decides which addresses are past their detection. */
export function trace(net: Net, destination: Ip, now: number): Trace {
  const journey = new Journey(now);
  const there = journey.send(net, undefined, destination);
  if ('lost' in there) return { reached: false, reason: there.lost, refused: there.refused ?? false, hops: journey.hops };
  const sourceSeen = formatIp(there.packet.source);
  const back = journey.send(there.arrived, there.packet.destination, there.packet.source);
  if ('lost' in back) return { reached: false, reason: `the answer: ${back.lost}`, sourceSeen, hops: journey.hops };
  const home = back.arrived === net;
  return { reached: home, sourceSeen, hops: journey.hops, ...(home ? {} : { reason: 'the answer went to another namespace' }) };
}

class Journey {
  readonly hops: string[] = [];
  private readonly translations: Translation[] = [];
  private readonly now: number;

  constructor(now: number) {
    this.now = now;
  }

  /** From a namespace's own socket. */
  send(net: Net, source: Ip | undefined, destination: Ip): Outcome {
    if (this.isLocal(net, destination))
      return { arrived: net, packet: { source: source ?? destination, destination, hopLimit: HOP_LIMIT } };
    const route = this.lookUp(net, source, destination);
    if ('lost' in route) return { ...route, refused: true };
    const chosen = source ?? route.source ?? this.sourceFor(route.device, route.gateway ?? destination);
    if (chosen === undefined) return { lost: `link '${route.device.name}' has no address to send from`, refused: true };
    return this.leave(net, route, { source: chosen, destination, hopLimit: HOP_LIMIT });
  }

  private receive(device: Device, arriving: Packet): Outcome {
    const { net } = device;
    this.hops.push(`${net.id.inode}:${device.name}`);
    const translation = this.translations.find((known) => known.net === net && sameIp(known.to, arriving.destination));
    const packet = translation === undefined ? arriving : { ...arriving, destination: translation.original };
    if (this.isLocal(net, packet.destination)) return { arrived: net, packet };
    if (!forwards(device, packet.destination)) return { lost: `namespace ${net.id.inode} does not forward from '${device.name}'` };
    if (packet.hopLimit <= 1 || isLinkLocal(packet.destination)) return { lost: `the hop limit ran out in namespace ${net.id.inode}` };
    if (this.wrongWay(device, packet)) return { lost: `reverse path filter of '${device.name}'` };
    const route = this.lookUp(net, packet.source, packet.destination);
    return 'lost' in route ? route : this.leave(net, route, { ...packet, hopLimit: packet.hopLimit - 1 });
  }

  private leave(net: Net, route: Leaving, packet: Packet): Outcome {
    const next = route.gateway ?? packet.destination;
    const sent = this.translated(net, route.device, packet);
    if (!runs(route.device)) return { lost: `link '${route.device.name}' does not run` };
    const told = net.neighbours.find((neighbour) => neighbour.device === route.device && sameIp(neighbour.ip, next));
    const heard = hearers(route.device).filter((device) => device !== route.device);
    const taker = heard.find((device) => (told === undefined ? answersFor(device, next) : device.mac === told.mac));
    if (taker === undefined) return { lost: `nobody answers for ${formatIp(next)} on '${route.device.name}'` };
    return this.receive(taker, sent);
  }

  private translated(net: Net, device: Device, packet: Packet): Packet {
    if (!masquerades(net, packet.source, packet.destination)) return packet;
    const to = this.sourceFor(device, packet.destination);
    if (to === undefined || sameIp(to, packet.source)) return packet;
    this.translations.push({ net, to, original: packet.source });
    return { ...packet, source: to };
  }

  private lookUp(net: Net, source: Ip | undefined, destination: Ip): Leaving | { readonly lost: string } {
    for (const rule of net.rules) {
      if (rule.family !== destination.family || rule.table === TABLE.local) continue;
      if (rule.mark !== undefined && rule.mark !== 0) continue;
      if (rule.to !== undefined && !contains(rule.to, destination)) continue;
      if (rule.from !== undefined && (source === undefined || !contains(rule.from, source))) continue;
      const route = longestMatch(net, rule.table, destination);
      if (route === undefined) continue;
      return leavingBy(route) ?? { lost: `a route of namespace ${net.id.inode} refuses ${formatIp(destination)}` };
    }
    return { lost: `namespace ${net.id.inode} has no route to ${formatIp(destination)}` };
  }

  private wrongWay(device: Device, packet: Packet): boolean {
    if (packet.source.family === 6 || setting(device, 4, 'rp_filter') !== 1) return false;
    const back = this.lookUp(device.net, undefined, packet.source);
    return 'lost' in back || back.device !== device;
  }

  private sourceFor(device: Device, towards: Ip): Ip | undefined {
    const usable = device.net.addresses.filter((address) => address.prefix.family === towards.family && address.usableFrom <= this.now);
    const fitting = usable.filter((address) => towards.family === 4 || isLinkLocal(address.prefix) === isLinkLocal(towards));
    const onLink = fitting.filter((address) => address.device === device);
    const elsewhere = isLinkLocal(towards) ? [] : fitting.filter((address) => address.device.kind !== 'loopback');
    return (onLink.find((address) => contains(address.prefix, towards)) ?? onLink[0] ?? elsewhere[0])?.prefix;
  }

  private isLocal(net: Net, ip: Ip): boolean {
    return net.addresses.some((address) => isLocalAddress(address.device, address.prefix, address.usableFrom, ip, this.now));
  }
}

type Leaving = NetRoute & { readonly device: Device };

function leavingBy(route: NetRoute): Leaving | undefined {
  const { device, type } = route;
  return type === 'unicast' && device !== undefined ? { ...route, device } : undefined;
}

/** All of 127.0.0.0/8 is lo's; else the address itself, of IPv6 on a link that is up only. */
function isLocalAddress(device: Device, prefix: Ip & { readonly length: number }, usableFrom: number, ip: Ip, now: number): boolean {
  if (device.kind === 'loopback') return device.up && (prefix.family === 4 ? contains(prefix, ip) : sameIp(prefix, ip));
  return sameIp(prefix, ip) && (ip.family === 4 || (device.up && usableFrom <= now));
}

/** Whether a namespace answers ARP or neighbour discovery for an address that is asked for on this device. */
function answersFor(device: Device, ip: Ip): boolean {
  const own = (address: { readonly prefix: Ip; readonly device: Device }): boolean => sameIp(address.prefix, ip);
  // Linux answers ARP for addresses of its other links too (arp_ignore 0), neighbour discovery only for the link's own.
  const anywhere = ip.family === 4 && setting(device, 4, 'arp_ignore') === 0;
  return device.net.addresses.some((address) => own(address) && (anywhere || address.device === device));
}

function forwards(device: Device, destination: Ip): boolean {
  if (destination.family === 4) return ownSetting(device, 4, 'forwarding') === 1;
  return device.net.settings.byDevice.get('6/all')?.get('forwarding') === '1';
}

/** The devices whose IP layer hears a frame that leaves by `device`, found by flooding. */
function hearers(device: Device): readonly Device[] {
  const heard = new Set<Device>();
  const crossed = new Set<Device>();
  const leave = (from: Device): void => {
    if (!runs(from)) return;
    if (from.kind === 'veth' && from.peer !== undefined) arrive(from.peer);
    if (from.kind === 'bridge') for (const port of portsOf(from)) leave(port);
  };
  const arrive = (at: Device): void => {
    if (!runs(at)) return;
    const bridge = at.master;
    if (bridge === undefined) return void heard.add(at);
    if (!bridge.up || crossed.has(at)) return;
    crossed.add(at);
    heard.add(bridge);
    for (const port of portsOf(bridge)) if (port !== at || at.hairpin) leave(port);
  };
  leave(device);
  return [...heard];
}
