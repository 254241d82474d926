import type { Link } from '@hawser/core/network';
import { formatMac } from '../address-text.ts';
import {
  ATTRIBUTE_HEADER,
  type Attribute,
  type Attributes,
  align,
  attribute,
  attributeLength,
  attributeType,
  nest,
  nestedAt,
  nestedOf,
  plainNest,
  stringAt,
  stringOf,
  u32At,
  u8Of,
} from './attributes.ts';
import { cString, readI32, readU32, u32, u8, writeU32 } from './bytes.ts';
import { type Message, NLM_F_CREATE, NLM_F_EXCL, type Request } from './message.ts';

/** include/uapi/linux/{rtnetlink,if,if_link,if_arp,veth}.h */
export const RTM_NEWLINK = 16;
export const RTM_DELLINK = 17;
const RTM_GETLINK = 18;
const RTM_SETLINK = 19;

const IFF_UP = 0x1;
const IFF_LOOPBACK = 0x8;
const IFF_RUNNING = 0x40;
const IFF_PROMISC = 0x100;

const IFLA_ADDRESS = 1;
const IFLA_IFNAME = 3;
const IFLA_MTU = 4;
const IFLA_LINK = 5;
const IFLA_MASTER = 10;
const IFLA_LINKINFO = 18;
const IFLA_IFALIAS = 20;
const IFLA_GROUP = 27;
const IFLA_NET_NS_FD = 28;
const IFLA_EXT_MASK = 29;
const IFLA_INFO_KIND = 1;
const IFLA_INFO_DATA = 2;
const IFLA_INFO_SLAVE_KIND = 4;
const IFLA_INFO_SLAVE_DATA = 5;
const VETH_INFO_PEER = 1;
const IFLA_BRPORT_MODE = 4;

const RTEXT_FILTER_SKIP_STATS = 1 << 3;

const AF_UNSPEC = 0;

const HEADER = 16;

/** What a message about one link may set; `index` 0 where the name says which. */
export interface LinkFields {
  readonly index?: number;
  readonly name?: string;
  readonly mac?: Uint8Array;
  readonly mtu?: number;
  readonly up?: boolean;
  readonly promiscuous?: boolean;
  readonly alias?: string;
  /** Index; 0 for none. */
  readonly master?: number;
  readonly group?: number;
  /** File descriptor of the namespace that it is to be made in. */
  readonly namespace?: number;
}

/**
 * struct ifinfomsg.
 *
 * ```
 * 0       1     2      4       8       12       16
 * | family | pad | type | index | flags | change |
 * ```
 */
function header(fields: Pick<LinkFields, 'index' | 'up' | 'promiscuous'>): Buffer {
  const bytes = Buffer.alloc(HEADER);
  const set = (fields.up === true ? IFF_UP : 0) | (fields.promiscuous === true ? IFF_PROMISC : 0);
  const change = (fields.up === undefined ? 0 : IFF_UP) | (fields.promiscuous === undefined ? 0 : IFF_PROMISC);
  writeU32(bytes, fields.index ?? 0, 4);
  writeU32(bytes, set, 8);
  writeU32(bytes, change, 12);
  return bytes;
}

function linkAttributes(fields: LinkFields): Attribute[] {
  const attributes: Attribute[] = [];
  if (fields.name !== undefined) attributes.push(attribute(IFLA_IFNAME, cString(fields.name)));
  if (fields.mac !== undefined) attributes.push(attribute(IFLA_ADDRESS, fields.mac));
  if (fields.mtu !== undefined) attributes.push(attribute(IFLA_MTU, u32(fields.mtu)));
  if (fields.alias !== undefined) attributes.push(attribute(IFLA_IFALIAS, Buffer.from(fields.alias)));
  if (fields.master !== undefined) attributes.push(attribute(IFLA_MASTER, u32(fields.master)));
  if (fields.group !== undefined) attributes.push(attribute(IFLA_GROUP, u32(fields.group)));
  if (fields.namespace !== undefined) attributes.push(attribute(IFLA_NET_NS_FD, u32(fields.namespace)));
  return attributes;
}

const creates = NLM_F_CREATE | NLM_F_EXCL;

/** A pair, each end with all that is told of it; the peer in its own namespace from the start. */
export function newVeth(near: LinkFields, peer: LinkFields, doing: string): Request {
  const info = plainNest(VETH_INFO_PEER, linkAttributes(peer), header(peer));
  const kind = [attribute(IFLA_INFO_KIND, cString('veth')), nest(IFLA_INFO_DATA, [info])];
  return newLink(near, nest(IFLA_LINKINFO, kind), doing);
}

export function newBridge(fields: LinkFields, doing: string): Request {
  return newLink(fields, nest(IFLA_LINKINFO, [attribute(IFLA_INFO_KIND, cString('bridge'))]), doing);
}

function newLink(fields: LinkFields, info: Attribute, doing: string): Request {
  return { type: RTM_NEWLINK, flags: creates, header: header(fields), attributes: [...linkAttributes(fields), info], doing };
}

/**
 * A link that the kernel refuses to make because its MAC is a multicast one: after it knows the kind and whether the
 * caller may, and before it makes anything. EADDRNOTAVAIL says that the kind is there.
 */
export function probeKind(kind: string): Request {
  const info = nest(IFLA_LINKINFO, [attribute(IFLA_INFO_KIND, cString(kind))]);
  return newLink({ mac: Uint8Array.of(1, 0, 0, 0, 0, 0) }, info, `make a link of kind ${kind}`);
}

/** Changes the link with this index. */
export function setLink(fields: LinkFields & { readonly index: number }, doing: string): Request {
  return { type: RTM_SETLINK, header: header(fields), attributes: linkAttributes(fields), doing };
}

/** Sets what belongs to the port of a bridge; refused for a link that is none. */
export function setBridgePort(index: number, hairpin: boolean, doing: string): Request {
  const data = nest(IFLA_INFO_SLAVE_DATA, [attribute(IFLA_BRPORT_MODE, u8(hairpin ? 1 : 0))]);
  const info = nest(IFLA_LINKINFO, [attribute(IFLA_INFO_SLAVE_KIND, cString('bridge')), data]);
  return { type: RTM_NEWLINK, header: header({ index }), attributes: [info], doing };
}

export function deleteLink(index: number, doing: string): Request {
  return { type: RTM_DELLINK, header: header({ index }), doing };
}

/** Every link of a group at once; none in it is ENODEV. */
export function deleteGroup(group: number, doing: string): Request {
  return { type: RTM_DELLINK, header: header({}), attributes: [attribute(IFLA_GROUP, u32(group))], doing };
}

const withoutStatistics = attribute(IFLA_EXT_MASK, u32(RTEXT_FILTER_SKIP_STATS));

export function getLink(name: string, doing: string): Request {
  return { type: RTM_GETLINK, header: header({}), attributes: [attribute(IFLA_IFNAME, cString(name)), withoutStatistics], doing };
}

export function dumpLinks(doing: string): Request {
  return { type: RTM_GETLINK, header: header({}), attributes: [withoutStatistics], doing };
}

/** Undefined for what is no link: bridges announce their ports' settings in messages of the same type. */
export function decodeLink(message: Message): Link | undefined {
  if (!isLink(message)) return undefined;
  const { bytes, start, end } = message;
  const flags = readU32(bytes, start + 8);
  const link: Writable<Link> = {
    index: readI32(bytes, start + 4),
    name: '',
    mac: '',
    mtu: 0,
    kind: (flags & IFF_LOOPBACK) !== 0 ? 'loopback' : 'device',
    up: (flags & IFF_UP) !== 0,
    running: isRunning(flags),
    promiscuous: (flags & IFF_PROMISC) !== 0,
    group: 0,
  };
  for (let at = start + HEADER, length = 0; (length = attributeLength(bytes, at, end)) > 0; at += align(length))
    readAttribute(link, bytes, at, length);
  return link.name === '' ? undefined : link;
}

/** The group of a link by itself, where the rest is not wanted; undefined for what is no link. */
export function decodeGroup(message: Message): number | undefined {
  if (!isLink(message)) return undefined;
  const { bytes, start, end } = message;
  for (let at = start + HEADER, length = 0; (length = attributeLength(bytes, at, end)) > 0; at += align(length))
    if (attributeType(bytes, at) === IFLA_GROUP) return u32At(bytes, at);
  return 0;
}

type Writable<T> = { -readonly [K in keyof T]: T[K] };

function isLink({ type, bytes, start, end }: Message): boolean {
  return (type === RTM_NEWLINK || type === RTM_DELLINK) && end - start >= HEADER && bytes[start] === AF_UNSPEC;
}

/** Operationally up, by the flags of a link. */
export const isRunning = (flags: number): boolean => (flags & IFF_UP) !== 0 && (flags & IFF_RUNNING) !== 0;

/** A link's attribute, one of fifty that the kernel tells; those that are not wanted cost a look at their type. */
function readAttribute(link: Writable<Link>, bytes: Buffer, at: number, length: number): void {
  switch (attributeType(bytes, at)) {
    case IFLA_ADDRESS:
      link.mac = formatMac(bytes, at + ATTRIBUTE_HEADER, at + length);
      return;
    case IFLA_IFNAME:
      link.name = stringAt(bytes, at) ?? '';
      return;
    case IFLA_MTU:
      link.mtu = u32At(bytes, at) ?? 0;
      return;
    case IFLA_GROUP:
      link.group = u32At(bytes, at) ?? 0;
      return;
    case IFLA_MASTER:
      setIfAny(link, 'master', u32At(bytes, at));
      return;
    case IFLA_LINK:
      setIfAny(link, 'peer', u32At(bytes, at));
      return;
    case IFLA_IFALIAS:
      setIfAny(link, 'alias', stringAt(bytes, at));
      return;
    case IFLA_LINKINFO:
      readInfo(link, nestedAt(bytes, at));
  }
}

/** 0 and the empty text are none. */
function setIfAny<K extends 'master' | 'peer' | 'alias'>(link: Writable<Link>, key: K, value: Writable<Link>[K] | undefined): void {
  if (value) link[key] = value;
}

function readInfo(link: Writable<Link>, info: Attributes): void {
  link.kind = stringOf(info, IFLA_INFO_KIND) ?? link.kind;
  if (stringOf(info, IFLA_INFO_SLAVE_KIND) !== 'bridge') return;
  const hairpin = u8Of(nestedOf(info, IFLA_INFO_SLAVE_DATA), IFLA_BRPORT_MODE);
  if (hairpin !== undefined) link.hairpin = hairpin !== 0;
}
