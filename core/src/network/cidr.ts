/**
 * Addresses and prefixes of both families on bigint. Pure; what can't be read is `undefined`, so that each caller
 * says in its own words what is wrong.
 */
import { isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';
import type { Family } from './host.ts';
import { isIpv6 } from './ipv6-text.ts';

/** An address as a number of 32 or 128 bits. */
export interface Ip {
  readonly family: Family;
  readonly value: bigint;
}

/** An address with the length of its prefix; host bits are kept. */
export interface Cidr extends Ip {
  readonly length: number;
}

const WIDTH = { 4: 32, 6: 128 } as const;

/** Bits of an address. */
export const ipBits = (family: Family): number => WIDTH[family];

/** Undefined for what is no address; a zone (`%eth0`) is none of an address. */
export function parseIp(text: string): Ip | undefined {
  if (isIPv4(text)) return { family: 4, value: toNumber(text.split('.').map(Number)) };
  if (isIpv6(text)) return { family: 6, value: toNumber(ipaddr.IPv6.parse(text).toByteArray()) };
  return undefined;
}

/** Canonical text: dotted quad, or RFC 5952. */
export function formatIp({ family, value }: Ip): string {
  const count = WIDTH[family] / 8;
  const bytes = Array.from({ length: count }, (_, index) => Number((value >> BigInt(8 * (count - 1 - index))) & 0xffn));
  return family === 4 ? bytes.join('.') : new ipaddr.IPv6(bytes).toRFC5952String();
}

/** Undefined for what is no `<address>/<length>`. */
export function parseCidr(text: string): Cidr | undefined {
  const [address = '', length = '', ...rest] = text.split('/');
  const ip = parseIp(address);
  if (!ip || rest.length > 0 || !/^(0|[1-9]\d{0,2})$/.test(length) || Number(length) > WIDTH[ip.family]) return undefined;
  return { ...ip, length: Number(length) };
}

/** `<address>/<length>` with the address in canonical text; host bits stay. */
export const formatCidr = (cidr: Cidr): string => `${formatIp(cidr)}/${cidr.length}`;

/** Canonical text of the same address, or undefined. */
export function canonicalIp(text: string): string | undefined {
  const ip = parseIp(text);
  return ip && formatIp(ip);
}

/** Canonical text of the same address and prefix length, or undefined. */
export function canonicalCidr(text: string): string | undefined {
  const cidr = parseCidr(text);
  return cidr && formatCidr(cidr);
}

const hostBits = (cidr: Cidr): bigint => BigInt(WIDTH[cidr.family] - cidr.length);

/** The same prefix with its host bits zero. */
export function networkOf(cidr: Cidr): Cidr {
  return { ...cidr, value: (cidr.value >> hostBits(cidr)) << hostBits(cidr) };
}

/** The highest address of the prefix; of IPv4 the broadcast address. */
export function lastIp(cidr: Cidr): Ip {
  return { family: cidr.family, value: networkOf(cidr).value + addressCount(cidr) - 1n };
}

/** How many addresses the prefix spans, network and broadcast included. */
export const addressCount = (cidr: Cidr): bigint => 1n << hostBits(cidr);

/**
 * How many addresses hosts may have: without the network address, which IPv6 keeps for any router, and without
 * IPv4's broadcast address. Point-to-point prefixes (/31 and /127) and single addresses have no such exceptions.
 */
export function hostCount(cidr: Cidr): bigint {
  const count = addressCount(cidr);
  if (count <= 2n) return count;
  return cidr.family === 4 ? count - 2n : count - 1n;
}

/** Whether an address lies in a prefix; one of the other family never does. */
export function contains(cidr: Cidr, ip: Ip): boolean {
  return cidr.family === ip.family && cidr.value >> hostBits(cidr) === ip.value >> hostBits(cidr);
}

/** Whether the prefixes share an address. */
export const overlaps = (a: Cidr, b: Cidr): boolean => contains(a, b) || contains(b, a);

/** The address after it; undefined after the last one of the family. */
export function nextIp(ip: Ip): Ip | undefined {
  const value = ip.value + 1n;
  return value >> BigInt(WIDTH[ip.family]) === 0n ? { family: ip.family, value } : undefined;
}

function toNumber(bytes: readonly number[]): bigint {
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}
