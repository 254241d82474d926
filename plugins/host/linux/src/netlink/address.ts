import { type Prefix, familyNumber, familyOf, formatAddress } from '../address-text.ts';
import { attribute, attributesOf, payloadOf, u32Of } from './attributes.ts';
import { readU32, u32, writeU32 } from './bytes.ts';
import { type Message, NLM_F_CREATE, NLM_F_EXCL, type Request } from './message.ts';

/** include/uapi/linux/{rtnetlink,if_addr}.h */
export const RTM_NEWADDR = 20;
export const RTM_DELADDR = 21;
const RTM_GETADDR = 22;

const IFA_ADDRESS = 1;
const IFA_LOCAL = 2;
const IFA_BROADCAST = 4;
const IFA_FLAGS = 8;
const IFA_F_NODAD = 0x02;

const HEADER = 8;

/** An address as the kernel tells it: its link by index. */
export interface LinkAddress {
  readonly link: number;
  readonly cidr: string;
  readonly nodad: boolean;
}

/**
 * struct ifaddrmsg.
 *
 * ```
 * 0        1        2       3       4       8
 * | family | prefix | flags | scope | index |
 * ```
 */
function header(link: number, family: number, length: number): Buffer {
  const bytes = Buffer.alloc(HEADER);
  bytes[0] = family;
  bytes[1] = length;
  writeU32(bytes, link, 4);
  return bytes;
}

export function addAddress(link: number, prefix: Prefix, nodad: boolean, doing: string): Request {
  const { family, bytes, length } = prefix;
  const attributes = [attribute(IFA_LOCAL, bytes), attribute(IFA_ADDRESS, bytes)];
  if (family === 4 && length < 31) attributes.push(attribute(IFA_BROADCAST, broadcast(bytes, length)));
  if (family === 6 && nodad) attributes.push(attribute(IFA_FLAGS, u32(IFA_F_NODAD)));
  return { type: RTM_NEWADDR, flags: NLM_F_CREATE | NLM_F_EXCL, header: header(link, familyNumber(family), length), attributes, doing };
}

export function deleteAddress(link: number, { family, bytes, length }: Prefix, doing: string): Request {
  const attributes = [attribute(IFA_LOCAL, bytes), attribute(IFA_ADDRESS, bytes)];
  return { type: RTM_DELADDR, header: header(link, familyNumber(family), length), attributes, doing };
}

/** Link 0 for those of all links. */
export function dumpAddresses(link: number, doing: string): Request {
  return { type: RTM_GETADDR, header: header(link, 0, 0), doing };
}

export function decodeAddress(message: Message): LinkAddress | undefined {
  const { bytes, start, end } = message;
  if (end - start < HEADER || (message.type !== RTM_NEWADDR && message.type !== RTM_DELADDR)) return undefined;
  const attributes = attributesOf(bytes, start + HEADER, end);
  // IFA_ADDRESS is the other side's on point-to-point links; IFA_LOCAL is absent for most IPv6 addresses.
  const address = formatAddress(payloadOf(attributes, IFA_LOCAL) ?? payloadOf(attributes, IFA_ADDRESS));
  if (address === '' || familyOf(bytes[start] ?? 0) === undefined) return undefined;
  const flags = u32Of(attributes, IFA_FLAGS) ?? bytes[start + 2] ?? 0;
  return { link: readU32(bytes, start + 4), cidr: `${address}/${bytes[start + 1] ?? 0}`, nodad: (flags & IFA_F_NODAD) !== 0 };
}

/** The address with every host bit set. */
function broadcast(bytes: Uint8Array, length: number): Uint8Array {
  return bytes.map((byte, index) => byte | (0xff >> Math.min(8, Math.max(0, length - index * 8))));
}
