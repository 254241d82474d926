import { unseal } from './seal.ts';

/** Longer records are not tried: it takes one look for each of their bits, and the checksum is sure of one bit up to 11 KB. */
const MOST_BYTES = 4096;
const BITS_OF_A_BYTE = 8;

/** The JSON of a record as it was written, where a single bit of its text has changed since; undefined where more has. */
export function withoutFlippedBit(key: string, text: Uint8Array): string | undefined {
  if (text.length > MOST_BYTES) return undefined;
  const tried = Buffer.from(text);
  for (let bit = 0; bit < tried.length * BITS_OF_A_BYTE; bit++) {
    flip(tried, bit);
    const json = unseal(key, tried.toString());
    if (json !== undefined) return json;
    flip(tried, bit);
  }
  return undefined;
}

function flip(bytes: Buffer, bit: number): void {
  const at = Math.floor(bit / BITS_OF_A_BYTE);
  bytes.writeUInt8(bytes.readUInt8(at) ^ (1 << (bit % BITS_OF_A_BYTE)), at);
}
