import { createHash } from 'node:crypto';
import { formatIp, type Ip } from './cidr.ts';

const MAC = /^[0-9a-f]{2}(:[0-9a-f]{2}){5}$/;

/** Lower case with colons, from any usual notation of 48 bits (`0A-58-…`, `0a58.…`); undefined for anything else. */
export function canonicalMac(text: string): string | undefined {
  const lower = text.toLowerCase();
  if (MAC.test(lower)) return lower;
  if (!/^([0-9a-f]{2}(-[0-9a-f]{2}){5}|[0-9a-f]{4}(\.[0-9a-f]{4}){2})$/.test(lower)) return undefined;
  return lower.replaceAll(/[-.]/g, '').match(/../g)?.join(':');
}

/** Whether a link may have it: one station's address, and not all zero. */
export function isStationMac(mac: string): boolean {
  return MAC.test(mac) && mac !== '00:00:00:00:00:00' && (Number.parseInt(mac.slice(0, 2), 16) & 1) === 0;
}

/**
 * The MAC that goes with an address: `0a:58` and the four bytes of an IPv4 address, so that a neighbour's cache stays
 * right when the address gets a new container; of IPv6 a hash.
 */
export function macOfIp(ip: Ip): string {
  if (ip.family === 6) return macOfText(formatIp(ip));
  const bytes = [24n, 16n, 8n, 0n].map((shift) => ((ip.value >> shift) & 0xffn).toString(16).padStart(2, '0'));
  return ['0a', '58', ...bytes].join(':');
}

/** A locally administered MAC that is the same for the same text: 46 bits of its SHA-256. */
export function macOfText(text: string): string {
  const bytes = createHash('sha256').update(text).digest().subarray(0, 6);
  bytes[0] = ((bytes[0] ?? 0) & 0xfc) | 0x02;
  return bytes.toString('hex').match(/../g)?.join(':') ?? '';
}
