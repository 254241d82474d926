import type { HawserError } from '@hawser/core';
import { type Address, hostErrors } from '@hawser/core/network';
import { formatAddress, parseCidr } from './address-text.ts';
import { kernelError } from './kernel-error.ts';
import type { LinkIndex } from './link-index.ts';
import * as rtnetlink from './netlink/address.ts';
import type { Request } from './netlink/message.ts';
import type { OpenNetns } from './open-netns.ts';

type Space = Pick<OpenNetns, 'socket' | 'links'>;

export function addresses({ socket, links }: Space, link?: string): readonly Address[] {
  const index = link === undefined ? 0 : links.indexOf(link);
  const found = socket.dump(rtnetlink.dumpAddresses(index, 'list addresses'), rtnetlink.decodeAddress);
  const nameOf = namesIn(links);
  return found.flatMap((address) => {
    const name = nameOf(address.link);
    if (name === undefined || (index !== 0 && address.link !== index)) return [];
    return [{ link: name, cidr: address.cidr, ...(address.nodad ? { nodad: true } : {}) }];
  });
}

export function addAddress(space: Space, address: Address): void {
  const request = newAddress(space.links.indexOf(address.link), address);
  const error = space.socket.exchange([request])[0]?.error;
  if (error !== undefined && !isThereAlready(space, address, error)) throw error;
}

/** Throws `host.invalid` for text that is no address. */
export function newAddress(index: number, { link, cidr, nodad = false }: Address): Request {
  return rtnetlink.addAddress(index, parseCidr(cidr), nodad, `add ${cidr} to link '${link}'`);
}

/** Whether a refusal says that nothing was to be done. The kernel refuses the same IPv6 address with another prefix length so, too. */
export function isThereAlready(space: Space, { link, cidr }: Address, refusal: HawserError): boolean {
  if (!hostErrors.alreadyExists.is(refusal)) return false;
  const { bytes, length } = parseCidr(cidr);
  const same = `${formatAddress(bytes)}/${length}`;
  return addresses(space, link).some((address) => address.cidr === same);
}

export function deleteAddress({ socket, links }: Space, address: Address): void {
  const request = rtnetlink.deleteAddress(
    links.indexOf(address.link),
    parseCidr(address.cidr),
    `delete ${address.cidr} from link '${address.link}'`,
  );
  const outcome = socket.exchange([request])[0];
  if (outcome?.error === undefined) return;
  throw kernelError({ errno: outcome.errno, doing: request.doing }, { EADDRNOTAVAIL: hostErrors.notFound });
}

/** Names by index, each asked for once. */
export function namesIn(links: LinkIndex): (index: number) => string | undefined {
  const names = new Map<number, string | undefined>();
  return (index) => {
    if (!names.has(index)) names.set(index, links.nameOf(index));
    return names.get(index);
  };
}
