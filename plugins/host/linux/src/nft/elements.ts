import type { Masquerade } from '@hawser/core/network';
import { parseAddress, parseCidr } from '../address-text.ts';
import { type Attribute, attribute, nest } from '../netlink/attributes.ts';
import { cString } from '../netlink/bytes.ts';
import { NLM_F_ACK, NLM_F_CREATE, type Request } from '../netlink/message.ts';
import { header, NFNL_SUBSYS_NFTABLES, NFPROTO_INET, NFT_MSG } from './nfnetlink.ts';
import type { ElementChange } from './ruleset.ts';

/** include/uapi/linux/netfilter/{nfnetlink,nf_tables}.h */
const NFNL_MSG_BATCH_BEGIN = 0x10;
const NFNL_MSG_BATCH_END = 0x11;
const NFTA_SET_ELEM_LIST_TABLE = 1;
const NFTA_SET_ELEM_LIST_SET = 2;
const NFTA_SET_ELEM_LIST_ELEMENTS = 3;
const NFTA_LIST_ELEM = 1;
const NFTA_SET_ELEM_KEY = 1;
const NFTA_SET_ELEM_KEY_END = 10;
const NFTA_DATA_VALUE = 1;

/** Elements in one message, so that it fits into the 64 KiB of an attribute. */
const PER_MESSAGE = 256;

/** Messages that the kernel carries out together or not at all. */
export interface Batch {
  readonly begin: Request;
  readonly requests: readonly Request[];
  readonly end: Request;
}

/**
 * Changes of our sets' elements as one batch. The table, its sets and rules are nft's to make; elements are all that
 * changes with the pods, and the kernel takes them in a fifth of a millisecond where an nft process takes five.
 */
export function elementBatch(table: string, changes: readonly ElementChange[]): Batch {
  const edge = (type: number): Request => ({
    type,
    header: header(0, NFNL_SUBSYS_NFTABLES),
    doing: `change the elements of table '${table}'`,
  });
  const requests = changes.flatMap((change) => inMessages(change).map((part) => elementRequest(table, part)));
  return { begin: edge(NFNL_MSG_BATCH_BEGIN), requests, end: edge(NFNL_MSG_BATCH_END) };
}

function inMessages({ entries, ...rest }: ElementChange): readonly ElementChange[] {
  const parts: ElementChange[] = [];
  for (let start = 0; start < entries.length; start += PER_MESSAGE)
    parts.push({ ...rest, entries: entries.slice(start, start + PER_MESSAGE) });
  return parts;
}

function elementRequest(table: string, { verb, set, family, entries }: ElementChange): Request {
  const elements = entries.map((entry) =>
    nest(NFTA_LIST_ELEM, set === 'local' ? pair(entry) : [key(NFTA_SET_ELEM_KEY, parseAddress(entry.source))]),
  );
  return {
    type: verb === 'add' ? NFT_MSG.newElement : NFT_MSG.deleteElement,
    // Without NLM_F_EXCL: what is there already is as good as added.
    flags: verb === 'add' ? NLM_F_ACK | NLM_F_CREATE : NLM_F_ACK,
    header: header(NFPROTO_INET, 0),
    attributes: [
      attribute(NFTA_SET_ELEM_LIST_TABLE, cString(table)),
      attribute(NFTA_SET_ELEM_LIST_SET, cString(`${set}${family}`)),
      nest(NFTA_SET_ELEM_LIST_ELEMENTS, elements),
    ],
    doing: `${verb} elements of set '${set}${family}'`,
  };
}

/** A range of the concatenation: the source, and the first and the last address of the subnet. */
function pair({ source, subnet }: Masquerade): readonly Attribute[] {
  const from = parseAddress(source);
  const { bytes, length } = parseCidr(subnet);
  const mask = (at: number): number => (0xff00 >> Math.min(Math.max(length - at * 8, 0), 8)) & 0xff;
  const first = bytes.map((byte, at) => byte & mask(at));
  const last = bytes.map((byte, at) => byte | (~mask(at) & 0xff));
  return [key(NFTA_SET_ELEM_KEY, Buffer.concat([from, first])), key(NFTA_SET_ELEM_KEY_END, Buffer.concat([from, last]))];
}

const key = (type: number, bytes: Uint8Array): Attribute => nest(type, [attribute(NFTA_DATA_VALUE, bytes)]);
