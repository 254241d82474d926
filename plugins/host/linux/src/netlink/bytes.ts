import { endianness } from 'node:os';

/** Netlink speaks the machine's own byte order. */
const little = endianness() === 'LE';

export const readU16 = (bytes: Buffer, offset = 0): number => (little ? bytes.readUInt16LE(offset) : bytes.readUInt16BE(offset));
export const readU32 = (bytes: Buffer, offset = 0): number => (little ? bytes.readUInt32LE(offset) : bytes.readUInt32BE(offset));
export const readI32 = (bytes: Buffer, offset = 0): number => (little ? bytes.readInt32LE(offset) : bytes.readInt32BE(offset));

export const writeU16 = (bytes: Buffer, value: number, offset = 0): number =>
  little ? bytes.writeUInt16LE(value, offset) : bytes.writeUInt16BE(value, offset);
export const writeU32 = (bytes: Buffer, value: number, offset = 0): number =>
  little ? bytes.writeUInt32LE(value >>> 0, offset) : bytes.writeUInt32BE(value >>> 0, offset);

export function u8(value: number): Buffer {
  return Buffer.of(value);
}

export function u16(value: number): Buffer {
  const bytes = Buffer.alloc(2);
  writeU16(bytes, value);
  return bytes;
}

/** Values outside of 32 bits wrap, as casts in C do. */
export function u32(value: number): Buffer {
  const bytes = Buffer.alloc(4);
  writeU32(bytes, value);
  return bytes;
}

/** A string with the NUL at its end that netlink wants. */
export function cString(text: string): Buffer {
  return Buffer.from(`${text}\0`);
}
