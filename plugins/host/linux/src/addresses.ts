import { type Address, hostErrors } from '@hawser/core/network';
import { formatAddress, parseCidr } from './address-text.ts';
import { kernelError } from './kernel-error.ts';
import type { LinkIndex } from './link-index.ts';
import * as rtnetlink from './netlink/address.ts';
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
  const index = space.links.indexOf(address.link);
  const prefix = parseCidr(address.cidr);
  const doing = `add ${address.cidr} to link '${address.link}'`;
  const error = space.socket.exchange([rtnetlink.addAddress(index, prefix, address.nodad ?? false, doing)])[0]?.error;
  if (error === undefined) return;
  // The kernel says so for the same IPv6 address with another prefix length too.
  const same = `${formatAddress(prefix.bytes)}/${prefix.length}`;
  if (hostErrors.alreadyExists.is(error) && addresses(space, address.link).some(({ cidr }) => cidr === same)) return;
  throw error;
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
