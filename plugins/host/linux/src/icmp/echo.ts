import type { Family } from '@hawser/core/network';

/** RFC 792 and RFC 4443. */
const ECHO = {
  4: { request: 8, reply: 0 },
  6: { request: 128, reply: 129 },
} as const;

const HEADER = 8;

/**
 * An echo request: type, code, checksum, identifier, sequence, data. The kernel fills the checksum in for ICMPv6.
 *
 * ```
 * 0      1      2          4    6          8
 * | type | code | checksum | id | sequence | data … |
 * ```
 */
export function encodeEcho(family: Family, id: number, data: Uint8Array): Buffer {
  const bytes = Buffer.alloc(HEADER + data.length);
  bytes[0] = ECHO[family].request;
  bytes.writeUInt16BE(id, 4);
  bytes.writeUInt16BE(1, 6);
  bytes.set(data, HEADER);
  if (family === 4) bytes.writeUInt16BE(checksum(bytes), 2);
  return bytes;
}

/** Whether a packet answers the request with this data. Raw IPv4 sockets tell the IP header too. */
export function isReply(packet: Buffer, family: Family, data: Uint8Array): boolean {
  const first = packet[0] ?? 0;
  const start = family === 4 && first >> 4 === 4 ? (first & 0xf) * 4 : 0;
  const echo = packet.subarray(start);
  return echo.length >= HEADER + data.length && echo[0] === ECHO[family].reply && echo.subarray(HEADER, HEADER + data.length).equals(data);
}

/** RFC 1071: ones' complement of the ones' complement sum of 16-bit words. */
function checksum(bytes: Uint8Array): number {
  let sum = 0;
  for (let at = 0; at < bytes.length; at += 2) sum += ((bytes[at] ?? 0) << 8) | (bytes[at + 1] ?? 0);
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >>> 16);
  return ~sum & 0xffff;
}
