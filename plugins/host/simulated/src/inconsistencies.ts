import { contains } from './model/ip.ts';
import { type Device, type Net, TABLE } from './model/state.ts';

/**
 * Laws that hold in any state that the kernel can be in, each breach as a sentence: names and indexes are unique,
 * peers and masters mirror each other, whatever hangs on a link hangs on one that is there, dead namespaces are empty.
 */
export function inconsistencies(nets: readonly Net[]): readonly string[] {
  const alive = new Set(nets);
  return nets.flatMap((net) => [...net.devices.values()].flatMap((device) => ofDevice(device, alive)).concat(ofNet(net)));
}

function ofDevice(device: Device, alive: ReadonlySet<Net>): string[] {
  const where = `link ${device.name} of ${device.net.id.inode}`;
  const faults: string[] = [];
  const check = (holds: boolean, fault: string): void => void (holds || faults.push(`${where} ${fault}`));
  const { net, peer, master } = device;
  check(net.devices.get(device.index) === device, 'is listed under another index');
  check([...net.devices.values()].filter((other) => other.name === device.name).length === 1, 'shares its name');
  check((device.kind === 'veth') === (peer !== undefined), 'has a peer only as a veth');
  check(peer === undefined || (peer.peer === device && peer.net.devices.get(peer.index) === peer), 'has a peer that does not know it');
  check(peer === undefined || alive.has(peer.net), 'has a peer in a namespace that is gone');
  check(
    master === undefined || (master.net === net && master.kind === 'bridge' && net.devices.get(master.index) === master),
    'has a master that is none',
  );
  check(master !== undefined || !device.hairpin, 'has hairpin without a bridge');
  return faults;
}

function ofNet(net: Net): string[] {
  const faults: string[] = [];
  const there = (device: Device): boolean => net.devices.get(device.index) === device;
  const check = (holds: boolean, fault: string): void => void (holds || faults.push(`namespace ${net.id.inode} ${fault}`));
  check(
    net.addresses.every((address) => there(address.device)),
    'has an address on a link that is gone',
  );
  check(
    net.routes.every((route) => route.device === undefined || (there(route.device) && route.device.up)),
    'has a route by a link that is gone or down',
  );
  check(
    net.neighbours.every((neighbour) => there(neighbour.device)),
    'has a neighbour on a link that is gone',
  );
  const orphaned = net.routes.filter(
    (route) => route.connected && !net.addresses.some((address) => address.device === route.device && contains(route.dst, address.prefix)),
  );
  check(orphaned.length === 0, 'has the route to a subnet of an address that is gone');
  const owners = [...net.settings.byDevice.keys()].map((scope) => Number(scope.split('/')[1])).filter((index) => !Number.isNaN(index));
  check(
    owners.every((index) => net.devices.has(index)),
    'keeps settings of a link that is gone',
  );
  check(
    net.routes.every((route) => route.table !== TABLE.local),
    'keeps a local route',
  );
  check(net.own || net.paths.size > 0 || net.handles > 0, 'lives though nothing holds it');
  return faults;
}
