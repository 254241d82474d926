import { isIPv4 } from 'node:net';
import { type Family, isIpv6 } from '@hawser/core/network';
import ipaddr from 'ipaddr.js';
import { refuse } from './refusal.ts';

/** An address as a number, so that prefixes are shifts. */
export interface Ip {
  readonly family: Family;
  readonly value: bigint;
}

/** An address with the length of its prefix, host bits kept. */
export interface Prefix extends Ip {
  readonly length: number;
}

const WIDTH = { 4: 32, 6: 128 } as const;

/** Throws `host.invalid`. */
export function parseIp(text: string): Ip {
  if (isIPv4(text)) return { family: 4, value: number(text.split('.').map(Number)) };
  if (isIpv6(text)) return { family: 6, value: number(ipaddr.IPv6.parse(text).toByteArray()) };
  return refuse('EINVAL', `'${text}' is no IP address`);
}

/** Throws `host.invalid`. */
export function parsePrefix(text: string): Prefix {
  const [address = '', length = '', ...rest] = text.split('/');
  if (!/^\d{1,3}$/.test(length) || rest.length > 0) refuse('EINVAL', `'${text}' is no address with a prefix length`);
  const ip = parseIp(address);
  if (Number(length) > WIDTH[ip.family]) refuse('EINVAL', `the prefix length of '${text}' is longer than the address`);
  return { ...ip, length: Number(length) };
}

export function formatIp(ip: Ip): string {
  const bytes = Array.from({ length: WIDTH[ip.family] / 8 }, (_, index) =>
    Number((ip.value >> BigInt(WIDTH[ip.family] - 8 * (index + 1))) & 0xffn),
  );
  return ip.family === 4 ? bytes.join('.') : new ipaddr.IPv6(bytes).toRFC5952String();
}

export const formatPrefix = (prefix: Prefix): string => `${formatIp(prefix)}/${prefix.length}`;

/** The same prefix with its host bits zero. */
export function network(prefix: Prefix): Prefix {
  const host = BigInt(WIDTH[prefix.family] - prefix.length);
  return { ...prefix, value: (prefix.value >> host) << host };
}

export function contains(prefix: Prefix, ip: Ip): boolean {
  const host = BigInt(WIDTH[prefix.family] - prefix.length);
  return prefix.family === ip.family && prefix.value >> host === ip.value >> host;
}

export const isHostPrefix = (prefix: Prefix): boolean => prefix.length === WIDTH[prefix.family];

export const sameIp = (a: Ip, b: Ip): boolean => a.family === b.family && a.value === b.value;

const LINK_LOCAL = parsePrefix('fe80::/10');

export const isLinkLocal = (ip: Ip): boolean => contains(LINK_LOCAL, ip);

/** The link-local address that a link with this MAC gives itself (modified EUI-64). */
export function linkLocal(mac: string): Prefix {
  const [first = 0, ...rest] = mac.split(':').map((byte) => Number.parseInt(byte, 16));
  const identifier = [first ^ 2, ...rest.slice(0, 2), 0xff, 0xfe, ...rest.slice(2)];
  return { family: 6, value: (0xfe80n << 112n) | number(identifier), length: 64 };
}

function number(bytes: readonly number[]): bigint {
  return bytes.reduce((value, byte) => (value << 8n) | BigInt(byte), 0n);
}
