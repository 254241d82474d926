import { readU16, readU32, writeU16 } from './bytes.ts';

/**
 * One attribute (struct nlattr): 16 bits of length with these 4 bytes, 16 bits of type, the payload, padding to 4.
 *
 * ```
 * 0       2       4
 * | length | type | payload … | padding |
 * ```
 */
export interface Attribute {
  readonly type: number;
  readonly payload: Uint8Array;
}

/** Attributes of one message or nest by type; of several with one type the last counts, as it does in the kernel. */
export type Attributes = ReadonlyMap<number, Buffer>;

const HEADER = 4;
const MAX_PAYLOAD = 0xffff - HEADER;
const NLA_F_NESTED = 0x8000;
/** Without the flags for nesting and network byte order. */
const NLA_TYPE_MASK = 0x3fff;

/** Lengths are padded to 4 bytes everywhere. */
export const align = (length: number): number => (length + 3) & ~3;

export const attribute = (type: number, payload: Uint8Array): Attribute => ({ type, payload });

/** An attribute that holds attributes. */
export const nest = (type: number, attributes: readonly Attribute[]): Attribute => ({
  type: type | NLA_F_NESTED,
  payload: encodeAttributes(attributes),
});

/** An attribute that holds a fixed header and attributes, without the flag, as older interfaces want it. */
export const plainNest = (type: number, attributes: readonly Attribute[], header?: Uint8Array): Attribute => ({
  type,
  payload: header === undefined ? encodeAttributes(attributes) : Buffer.concat([header, encodeAttributes(attributes)]),
});

export function attributesSize(attributes: readonly Attribute[]): number {
  let size = 0;
  for (const { payload } of attributes) size += HEADER + align(payload.length);
  return size;
}

/** Throws RangeError for a payload that the length field can't carry. */
export function encodeAttributes(attributes: readonly Attribute[]): Buffer {
  const bytes = Buffer.alloc(attributesSize(attributes));
  writeAttributes(bytes, 0, attributes);
  return bytes;
}

/** Writes into zeroed bytes. */
export function writeAttributes(bytes: Buffer, offset: number, attributes: readonly Attribute[]): void {
  let at = offset;
  for (const { type, payload } of attributes) {
    if (payload.length > MAX_PAYLOAD) throw new RangeError(`an attribute of ${payload.length} bytes is longer than netlink can carry`);
    writeU16(bytes, HEADER + payload.length, at);
    writeU16(bytes, type, at + 2);
    bytes.set(payload, at + HEADER);
    at += HEADER + align(payload.length);
  }
}

/** Every attribute in order; stops at the first that doesn't fit, as the kernel does. Payloads are views. */
export function* eachAttribute(bytes: Buffer): Generator<{ readonly type: number; readonly payload: Buffer }> {
  let at = 0;
  while (at + HEADER <= bytes.length) {
    const length = readU16(bytes, at);
    if (length < HEADER || at + length > bytes.length) return;
    yield { type: readU16(bytes, at + 2) & NLA_TYPE_MASK, payload: bytes.subarray(at + HEADER, at + length) };
    at += align(length);
  }
}

export function decodeAttributes(bytes: Buffer): Attributes {
  const attributes = new Map<number, Buffer>();
  for (const { type, payload } of eachAttribute(bytes)) attributes.set(type, payload);
  return attributes;
}

/** Undefined for an attribute that is absent or too short to be one. */
export function u8Of(attributes: Attributes, type: number): number | undefined {
  return attributes.get(type)?.[0];
}

export function u16Of(attributes: Attributes, type: number): number | undefined {
  const bytes = attributes.get(type);
  return bytes === undefined || bytes.length < 2 ? undefined : readU16(bytes);
}

export function u32Of(attributes: Attributes, type: number): number | undefined {
  const bytes = attributes.get(type);
  return bytes === undefined || bytes.length < 4 ? undefined : readU32(bytes);
}

export function stringOf(attributes: Attributes, type: number): string | undefined {
  const bytes = attributes.get(type);
  if (bytes === undefined) return undefined;
  const end = bytes.indexOf(0);
  return bytes.toString('utf8', 0, end < 0 ? bytes.length : end);
}

/** The attributes inside of one; none where it is absent. */
export function nestedOf(attributes: Attributes, type: number): Attributes {
  const bytes = attributes.get(type);
  return bytes === undefined ? new Map() : decodeAttributes(bytes);
}
