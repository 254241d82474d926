import { type Family, hostErrors, type Route } from '@hawser/core/network';
import { familyNumber, familyOf, formatAddress, parseAddress, parseCidr, zeroAddress } from '../address-text.ts';
import { type Attribute, type Attributes, align, attribute, attributesOf, nest, nestedOf, payloadOf, u32Of } from './attributes.ts';
import { readI32, readU16, readU32, u16, u32, writeU32 } from './bytes.ts';
import { type Message, NLM_F_CREATE, NLM_F_REPLACE, type Request } from './message.ts';

/** include/uapi/linux/rtnetlink.h */
const RTM_NEWROUTE = 24;
const RTM_DELROUTE = 25;
const RTM_GETROUTE = 26;

const RTA_DST = 1;
const RTA_OIF = 4;
const RTA_GATEWAY = 5;
const RTA_PRIORITY = 6;
const RTA_PREFSRC = 7;
const RTA_METRICS = 8;
const RTA_MULTIPATH = 9;
const RTA_TABLE = 15;
const RTA_VIA = 18;
const RTAX_MTU = 2;
const RTAX_ADVMSS = 8;

const RTPROT_BOOT = 3;
const RTM_F_CLONED = 0x200;
const RTNH_F_ONLINK = 4;
const RT_TABLE_MAIN = 254;
const RT_TABLE_COMPAT = 252;

const HEADER = 12;
const NEXT_HOP = 8;

const SCOPES = { global: 0, link: 253, host: 254, nowhere: 255 } as const;
const TYPES = { any: 0, unicast: 1, blackhole: 6, unreachable: 7 } as const;

/** A route as the kernel tells it: its link by index. */
export type IndexedRoute = Omit<Route, 'link'> & { readonly link?: number };

/**
 * struct rtmsg.
 *
 * ```
 * 0        1         2         3     4       5          6       7      8
 * | family | dst len | src len | tos | table | protocol | scope | type | flags |
 * ```
 */
function header(fields: {
  family: number;
  length: number;
  table: number;
  protocol?: number;
  scope: number;
  type: number;
  flags?: number;
}): Buffer {
  const bytes = Buffer.alloc(HEADER);
  const table = fields.table < 256 ? fields.table : RT_TABLE_COMPAT;
  bytes.set([fields.family, fields.length, 0, 0, table, fields.protocol ?? 0, fields.scope, fields.type]);
  writeU32(bytes, fields.flags ?? 0, 8);
  return bytes;
}

/** Throws `host.invalid` for text that is no address. */
export function replaceRoute(route: IndexedRoute, doing: string): Request {
  const type = TYPES[route.type ?? 'unicast'];
  const scope =
    SCOPES[route.scope ?? (type === TYPES.unicast && route.gateway === undefined && !route.dst.includes(':') ? 'link' : 'global')];
  const flags = NLM_F_CREATE | (route.beside === true ? 0 : NLM_F_REPLACE);
  return { type: RTM_NEWROUTE, flags, ...routeBody(route, { scope, type, protocol: RTPROT_BOOT }), doing };
}

/** Deletes the first route that has all that is told. */
export function deleteRoute(route: IndexedRoute, doing: string): Request {
  const scope = route.scope === undefined ? SCOPES.nowhere : SCOPES[route.scope];
  const type = route.type === undefined ? TYPES.any : TYPES[route.type];
  // Protocol 0 is any: the kernel made some of them itself.
  return { type: RTM_DELROUTE, ...routeBody(route, { scope, type, protocol: 0 }), doing };
}

function routeBody(route: IndexedRoute, kind: { scope: number; type: number; protocol: number }): Pick<Request, 'header' | 'attributes'> {
  const { family, bytes, length } = parseCidr(route.dst);
  const table = route.table ?? RT_TABLE_MAIN;
  const flags = route.onlink === true ? RTNH_F_ONLINK : 0;
  const attributes = [attribute(RTA_TABLE, u32(table)), ...(length > 0 ? [attribute(RTA_DST, bytes)] : [])];
  if (route.link !== undefined) attributes.push(attribute(RTA_OIF, u32(route.link)));
  if (route.gateway !== undefined) attributes.push(gateway(route.gateway, family));
  if (route.source !== undefined) attributes.push(attribute(RTA_PREFSRC, sourceOf(route.source, family)));
  if (route.priority !== undefined) attributes.push(attribute(RTA_PRIORITY, u32(route.priority)));
  const metrics = metricsOf(route);
  if (metrics.length > 0) attributes.push(nest(RTA_METRICS, metrics));
  return { header: header({ family: familyNumber(family), length, table, flags, ...kind }), attributes };
}

/** RTA_VIA where the gateway is of the other family (IPv4 over IPv6 links). */
function gateway(text: string, family: Family): Attribute {
  const bytes = parseAddress(text);
  if (bytes.length === zeroAddress(family).length) return attribute(RTA_GATEWAY, bytes);
  return attribute(RTA_VIA, Buffer.concat([u16(familyNumber(bytes.length === 4 ? 4 : 6)), bytes]));
}

function sourceOf(text: string, family: Family): Uint8Array {
  const bytes = parseAddress(text);
  if (bytes.length !== zeroAddress(family).length) throw hostErrors.invalid(`the source ${text} is not of the route's family`);
  return bytes;
}

function metricsOf({ mtu, advmss }: IndexedRoute): Attribute[] {
  const metrics: Attribute[] = [];
  if (mtu !== undefined) metrics.push(attribute(RTAX_MTU, u32(mtu)));
  if (advmss !== undefined) metrics.push(attribute(RTAX_ADVMSS, u32(advmss)));
  return metrics;
}

export interface RouteFilter {
  readonly family?: Family;
  readonly table?: number;
  readonly link?: number;
}

/** The kernel filters where it knows strict checking; where it doesn't, it tells more. */
export function dumpRoutes(filter: RouteFilter, doing: string): Request {
  const family = filter.family === undefined ? 0 : familyNumber(filter.family);
  const bytes = header({ family, length: 0, table: 0, scope: 0, type: 0 });
  const attributes: Attribute[] = [];
  if (filter.table !== undefined) attributes.push(attribute(RTA_TABLE, u32(filter.table)));
  if (filter.link !== undefined) attributes.push(attribute(RTA_OIF, u32(filter.link)));
  return { type: RTM_GETROUTE, header: bytes, attributes, doing };
}

/**
 * One for each way to go. None for what the kernel keeps for itself (local, broadcast, multicast and cached routes)
 * and for other families.
 */
export function decodeRoutes(message: Message): readonly IndexedRoute[] {
  const { bytes, start, end } = message;
  const family = familyOf(bytes[start] ?? 0);
  const type = keyOf(TYPES, bytes[start + 7] ?? 0);
  if (end - start < HEADER || message.type !== RTM_NEWROUTE || family === undefined) return [];
  if (type === undefined || type === 'any' || (readU32(bytes, start + 8) & RTM_F_CLONED) !== 0) return [];
  const attributes = attributesOf(bytes, start + HEADER, end);
  const scope = keyOf(SCOPES, bytes[start + 6] ?? 0);
  const table = u32Of(attributes, RTA_TABLE) ?? bytes[start + 4] ?? RT_TABLE_MAIN;
  const common: IndexedRoute = {
    dst: `${formatAddress(payloadOf(attributes, RTA_DST) ?? zeroAddress(family))}/${bytes[start + 1] ?? 0}`,
    table,
    type,
    ...(scope === undefined || scope === 'nowhere' ? {} : { scope }),
    ...present('source', addressOf(attributes, RTA_PREFSRC)),
    ...present('priority', u32Of(attributes, RTA_PRIORITY)),
    ...present('mtu', u32Of(nestedOf(attributes, RTA_METRICS), RTAX_MTU)),
    ...present('advmss', u32Of(nestedOf(attributes, RTA_METRICS), RTAX_ADVMSS)),
  };
  const hops = nextHops(payloadOf(attributes, RTA_MULTIPATH));
  if (hops.length > 0) return hops.map((hop) => ({ ...common, ...hop }));
  return [{ ...common, ...hopOf(attributes, u32Of(attributes, RTA_OIF), readU32(bytes, start + 8)) }];
}

type Hop = Pick<IndexedRoute, 'link' | 'gateway' | 'onlink'>;

/** struct rtnexthop: 16 bits of length, flags, weight, 32 bits of link, then attributes. */
function nextHops(bytes: Buffer | undefined): readonly Hop[] {
  const hops: Hop[] = [];
  for (let at = 0; bytes !== undefined && at + NEXT_HOP <= bytes.length;) {
    const length = readU16(bytes, at);
    if (length < NEXT_HOP || at + length > bytes.length) break;
    hops.push(hopOf(attributesOf(bytes, at + NEXT_HOP, at + length), readI32(bytes, at + 4), bytes[at + 2] ?? 0));
    at += align(length);
  }
  return hops;
}

function hopOf(attributes: Attributes, link: number | undefined, flags: number): Hop {
  const via = payloadOf(attributes, RTA_VIA);
  return {
    ...present('link', link),
    ...present('gateway', via === undefined ? addressOf(attributes, RTA_GATEWAY) : formatAddress(via.subarray(2))),
    ...((flags & RTNH_F_ONLINK) === 0 ? {} : { onlink: true }),
  };
}

function addressOf(attributes: Attributes, type: number): string | undefined {
  const text = formatAddress(payloadOf(attributes, type));
  return text === '' ? undefined : text;
}

function present<K extends string, V>(key: K, value: V | undefined): { readonly [P in K]?: V } {
  return (value === undefined ? {} : { [key]: value }) as { readonly [P in K]?: V };
}

function keyOf<K extends string>(table: Readonly<Record<K, number>>, number: number): K | undefined {
  for (const key in table) if (table[key] === number) return key;
  return undefined;
}
