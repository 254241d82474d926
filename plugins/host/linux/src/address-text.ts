import { isIPv4 } from 'node:net';
import { type Family, hostErrors, isIpv6 } from '@hawser/core/network';
import ipaddr from 'ipaddr.js';

/** The families' numbers in the kernel. */
const AF_INET = 2;
const AF_INET6 = 10;

/** An address with the length of its prefix. */
export interface Prefix {
  readonly family: Family;
  readonly bytes: Uint8Array;
  readonly length: number;
}

/** In an error; what was meant for an address is shown as far as one can be long. */
const quoted = (text: string): string => `'${text.length <= 60 ? text : `${text.slice(0, 59)}…`}'`;

export const familyNumber = (family: Family): number => (family === 4 ? AF_INET : AF_INET6);

export const familyOf = (number: number): Family | undefined => (number === AF_INET ? 4 : number === AF_INET6 ? 6 : undefined);

/** 4 or 16 bytes. Throws `host.invalid`; zones (`%eth0`) are none of an address. */
export function parseAddress(text: string): Uint8Array {
  if (isIPv4(text)) return Uint8Array.from(text.split('.'), Number);
  if (isIpv6(text)) return Uint8Array.from(ipaddr.IPv6.parse(text).toByteArray());
  throw hostErrors.invalid(`${quoted(text)} is no IP address`);
}

/** Throws `host.invalid`. */
export function parseCidr(text: string): Prefix {
  const slash = text.indexOf('/');
  const length = text.slice(slash + 1);
  if (slash < 0 || !/^(0|[1-9]\d{0,2})$/.test(length)) throw hostErrors.invalid(`${quoted(text)} is no address with a prefix length`);
  const bytes = parseAddress(text.slice(0, slash));
  if (Number(length) > bytes.length * 8) throw hostErrors.invalid(`the prefix length of ${quoted(text)} is longer than the address`);
  return { family: bytes.length === 4 ? 4 : 6, bytes, length: Number(length) };
}

/** Canonical text of 4 or 16 bytes; empty for any other number and for none. */
export function formatAddress(bytes: Uint8Array | undefined): string {
  if (bytes === undefined) return '';
  if (bytes.length === 4) return bytes.join('.');
  return bytes.length === 16 ? new ipaddr.IPv6([...bytes]).toString() : '';
}

/** All bits of the host part zero, so that a route's destination is one. */
export function zeroAddress(family: Family): Uint8Array {
  return new Uint8Array(family === 4 ? 4 : 16);
}

/** Throws `host.invalid`. */
export function parseMac(text: string): Uint8Array {
  if (!/^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/i.test(text)) throw hostErrors.invalid(`${quoted(text)} is no MAC address`);
  return Uint8Array.from(text.split(':'), (part) => Number.parseInt(part, 16));
}

const HEX: readonly string[] = Array.from({ length: 256 }, (_, byte) => byte.toString(16).padStart(2, '0'));

/** Lower case, colon-separated. */
export function formatMac(bytes: Uint8Array, start = 0, end = bytes.length): string {
  let text = '';
  for (let at = start; at < end; at++) text += `${at === start ? '' : ':'}${HEX[bytes[at] ?? 0] ?? ''}`;
  return text;
}
