import type { Neighbour } from '@hawser/core/network';
import { parseAddress, parseMac } from './address-text.ts';
import { namesIn } from './addresses.ts';
import type { Request } from './netlink/message.ts';
import * as rtnetlink from './netlink/neighbour.ts';
import type { OpenNetns } from './open-netns.ts';

type Space = Pick<OpenNetns, 'socket' | 'links'>;

export function neighbours({ socket, links }: Space, link?: string): readonly Neighbour[] {
  const index = link === undefined ? 0 : links.indexOf(link);
  const nameOf = namesIn(links);
  const found = socket.dump(rtnetlink.dumpNeighbours(index, 'list neighbours'), rtnetlink.decodeNeighbour);
  return found.flatMap(({ link: on, address, mac, permanent }) => {
    const name = nameOf(on);
    if (name === undefined || (index !== 0 && on !== index)) return [];
    return [{ link: name, address, mac, state: permanent ? 'permanent' : 'other' }];
  });
}

export function setNeighbour({ socket, links }: Space, neighbour: Settable): void {
  socket.request(newNeighbour(links.indexOf(neighbour.link), neighbour));
}

type Settable = Pick<Neighbour, 'link' | 'address' | 'mac'>;

/** Throws `host.invalid` for text that is no address. */
export function newNeighbour(index: number, { link, address, mac }: Settable): Request {
  return rtnetlink.setNeighbour(index, parseAddress(address), parseMac(mac), `set neighbour ${address} on link '${link}'`);
}

export function deleteNeighbour({ socket, links }: Space, { link, address }: Pick<Neighbour, 'link' | 'address'>): void {
  socket.request(rtnetlink.deleteNeighbour(links.indexOf(link), parseAddress(address), `delete neighbour ${address} from link '${link}'`));
}
