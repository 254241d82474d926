import { familyNumber, familyOf, formatAddress, formatMac } from '../address-text.ts';
import { attribute, attributesOf, payloadOf } from './attributes.ts';
import { readI32, readU16, u32, writeU16, writeU32 } from './bytes.ts';
import { type Message, NLM_F_CREATE, NLM_F_REPLACE, type Request } from './message.ts';

/** include/uapi/linux/{rtnetlink,neighbour}.h */
const RTM_NEWNEIGH = 28;
const RTM_DELNEIGH = 29;
const RTM_GETNEIGH = 30;

const NDA_DST = 1;
const NDA_LLADDR = 2;
const NDA_IFINDEX = 8;

const NUD_NOARP = 0x40;
const NUD_PERMANENT = 0x80;

const HEADER = 12;

/** A neighbour as the kernel tells it: its link by index. */
export interface LinkNeighbour {
  readonly link: number;
  readonly address: string;
  readonly mac: string;
  readonly permanent: boolean;
}

/**
 * struct ndmsg.
 *
 * ```
 * 0        1     4      8        10      11     12
 * | family | pad | link | state | flags | type |
 * ```
 */
function header(family: number, link: number, state: number): Buffer {
  const bytes = Buffer.alloc(HEADER);
  bytes[0] = family;
  writeU32(bytes, link, 4);
  writeU16(bytes, state, 8);
  return bytes;
}

const familyOfBytes = (address: Uint8Array): number => familyNumber(address.length === 4 ? 4 : 6);

export function setNeighbour(link: number, address: Uint8Array, mac: Uint8Array, doing: string): Request {
  return {
    type: RTM_NEWNEIGH,
    flags: NLM_F_CREATE | NLM_F_REPLACE,
    header: header(familyOfBytes(address), link, NUD_PERMANENT),
    attributes: [attribute(NDA_DST, address), attribute(NDA_LLADDR, mac)],
    doing,
  };
}

export function deleteNeighbour(link: number, address: Uint8Array, doing: string): Request {
  return { type: RTM_DELNEIGH, header: header(familyOfBytes(address), link, 0), attributes: [attribute(NDA_DST, address)], doing };
}

/** Link 0 for those of all links. */
export function dumpNeighbours(link: number, doing: string): Request {
  const attributes = link === 0 ? [] : [attribute(NDA_IFINDEX, u32(link))];
  return { type: RTM_GETNEIGH, header: header(0, 0, 0), attributes, doing };
}

/** Undefined for multicast addresses and for those that nobody has answered for. */
export function decodeNeighbour(message: Message): LinkNeighbour | undefined {
  const { bytes, start, end } = message;
  if (end - start < HEADER || message.type !== RTM_NEWNEIGH || familyOf(bytes[start] ?? 0) === undefined) return undefined;
  const state = readU16(bytes, start + 8);
  const attributes = attributesOf(bytes, start + HEADER, end);
  const address = formatAddress(payloadOf(attributes, NDA_DST));
  const mac = payloadOf(attributes, NDA_LLADDR);
  if (address === '' || mac === undefined || (state & NUD_NOARP) !== 0) return undefined;
  return { link: readI32(bytes, start + 4), address, mac: formatMac(mac), permanent: (state & NUD_PERMANENT) !== 0 };
}
