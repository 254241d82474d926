import type { Family, Neighbour } from '@hawser/core/network';
import { formatIp, parseIp, sameIp } from './ip.ts';
import { refuse } from './refusal.ts';
import { type Device, IPV6_MTU, mustFind, type Net } from './state.ts';

/** Those that were told; what the model resolves for a packet it does not remember. */
export function listNeighbours(net: Net, link?: string): readonly Neighbour[] {
  const device = link === undefined ? undefined : mustFind(net, link);
  return net.neighbours
    .filter((neighbour) => device === undefined || neighbour.device === device)
    .map((neighbour) => ({ link: neighbour.device.name, address: formatIp(neighbour.ip), mac: neighbour.mac, state: 'permanent' }));
}

export function setNeighbour(net: Net, told: Pick<Neighbour, 'link' | 'address' | 'mac'>): void {
  const device = mustFind(net, told.link);
  const ip = parseIp(told.address);
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(told.mac)) refuse('EINVAL', `'${told.mac}' is no MAC`);
  if (ip.family === 6 && device.mtu < IPV6_MTU) refuse('EINVAL', `link '${device.name}' has no IPv6 below an MTU of ${IPV6_MTU}`);
  net.neighbours = net.neighbours.filter((other) => other.device !== device || !sameIp(other.ip, ip));
  net.neighbours.push({ device, ip, mac: told.mac.toLowerCase() });
}

export function deleteNeighbour(net: Net, told: Pick<Neighbour, 'link' | 'address'>): void {
  const device = mustFind(net, told.link);
  const ip = parseIp(told.address);
  const at = net.neighbours.findIndex((other) => other.device === device && sameIp(other.ip, ip));
  if (at < 0) refuse('ENOENT', `link '${device.name}' has no neighbour ${told.address}`);
  net.neighbours.splice(at, 1);
}

/** Those of a link that goes down, loses a family or goes away. */
export function dropNeighboursOfDevice(device: Device, family?: Family): void {
  device.net.neighbours = device.net.neighbours.filter(
    (other) => other.device !== device || (family !== undefined && other.ip.family !== family),
  );
}
