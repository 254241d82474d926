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

/**
 * Attributes of one message or nest: bytes and where they begin and end. They are looked up in place, because a message
 * about a link has fifty of which ten are wanted; of several with one type the last counts, as it does in the kernel.
 */
export interface Attributes {
  readonly bytes: Buffer;
  readonly start: number;
  readonly end: number;
}

/** Bytes of an attribute before its payload. */
export const ATTRIBUTE_HEADER = 4;
const MAX_PAYLOAD = 0xffff - ATTRIBUTE_HEADER;
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
  for (const { payload } of attributes) size += ATTRIBUTE_HEADER + align(payload.length);
  return size;
}

/** Throws RangeError for a payload that the length field can't carry. */
export function encodeAttributes(attributes: readonly Attribute[]): Buffer {
  const bytes = Buffer.allocUnsafe(attributesSize(attributes)).fill(0);
  writeAttributes(bytes, 0, attributes);
  return bytes;
}

/** Writes into zeroed bytes. */
export function writeAttributes(bytes: Buffer, offset: number, attributes: readonly Attribute[]): void {
  let at = offset;
  for (const { type, payload } of attributes) {
    if (payload.length > MAX_PAYLOAD) throw new RangeError(`an attribute of ${payload.length} bytes is longer than netlink can carry`);
    writeU16(bytes, ATTRIBUTE_HEADER + payload.length, at);
    writeU16(bytes, type, at + 2);
    bytes.set(payload, at + ATTRIBUTE_HEADER);
    at += ATTRIBUTE_HEADER + align(payload.length);
  }
}

/**
 * Length with its header of the attribute at `at`, 0 where no whole one is: reading stops there, as the kernel's does.
 *
 * ```
 * for (let at = start, length = 0; (length = attributeLength(bytes, at, end)) > 0; at += align(length)) …
 * ```
 */
export function attributeLength(bytes: Buffer, at: number, end: number): number {
  if (at + ATTRIBUTE_HEADER > end) return 0;
  const length = readU16(bytes, at);
  return length < ATTRIBUTE_HEADER || at + length > end ? 0 : length;
}

export const attributeType = (bytes: Buffer, at: number): number => readU16(bytes, at + 2) & NLA_TYPE_MASK;

/** In place of where an attribute is; everything that reads one gives undefined for it. */
const ABSENT = -1;

/** Where the attribute of this type is, with its header; `ABSENT` where there is none. */
function findAttribute({ bytes, start, end }: Attributes, type: number): number {
  let found = ABSENT;
  for (let at = start, length = 0; (length = attributeLength(bytes, at, end)) > 0; at += align(length))
    if (attributeType(bytes, at) === type) found = at;
  return found;
}

/** What a message or a nest holds from `start` on. */
export const attributesOf = (bytes: Buffer, start = 0, end = bytes.length): Attributes => ({ bytes, start, end });

/** Undefined for an attribute that is absent or too short to be one. */
function u8At(bytes: Buffer, at: number): number | undefined {
  return payloadSize(bytes, at) < 1 ? undefined : bytes[at + ATTRIBUTE_HEADER];
}

function u16At(bytes: Buffer, at: number): number | undefined {
  return payloadSize(bytes, at) < 2 ? undefined : readU16(bytes, at + ATTRIBUTE_HEADER);
}

export function u32At(bytes: Buffer, at: number): number | undefined {
  return payloadSize(bytes, at) < 4 ? undefined : readU32(bytes, at + ATTRIBUTE_HEADER);
}

/** Up to the first NUL. */
export function stringAt(bytes: Buffer, at: number): string | undefined {
  if (at === ABSENT) return undefined;
  const start = at + ATTRIBUTE_HEADER;
  const end = start + payloadSize(bytes, at);
  let nul = start;
  while (nul < end && bytes[nul] !== 0) nul++;
  return bytes.toString('utf8', start, nul);
}

/** A view of the bytes. */
function payloadAt(bytes: Buffer, at: number): Buffer | undefined {
  return at === ABSENT ? undefined : bytes.subarray(at + ATTRIBUTE_HEADER, at + ATTRIBUTE_HEADER + payloadSize(bytes, at));
}

/** The attributes inside of one; none where it is absent. */
export function nestedAt(bytes: Buffer, at: number): Attributes {
  return at === ABSENT
    ? { bytes, start: 0, end: 0 }
    : { bytes, start: at + ATTRIBUTE_HEADER, end: at + ATTRIBUTE_HEADER + payloadSize(bytes, at) };
}

/** -1 where the attribute is absent. */
const payloadSize = (bytes: Buffer, at: number): number => (at === ABSENT ? -1 : readU16(bytes, at) - ATTRIBUTE_HEADER);

export const u8Of = (attributes: Attributes, type: number): number | undefined => u8At(attributes.bytes, findAttribute(attributes, type));
export const u16Of = (attributes: Attributes, type: number): number | undefined => u16At(attributes.bytes, findAttribute(attributes, type));
export const u32Of = (attributes: Attributes, type: number): number | undefined => u32At(attributes.bytes, findAttribute(attributes, type));
export const stringOf = (attributes: Attributes, type: number): string | undefined =>
  stringAt(attributes.bytes, findAttribute(attributes, type));
export const payloadOf = (attributes: Attributes, type: number): Buffer | undefined =>
  payloadAt(attributes.bytes, findAttribute(attributes, type));
export const nestedOf = (attributes: Attributes, type: number): Attributes => nestedAt(attributes.bytes, findAttribute(attributes, type));
