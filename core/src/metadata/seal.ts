/**
 * The checksum that stands behind the JSON of each record. Without it a record that has changed in its file would be believed while it is
 * JSON still: a snapshot that has lost its `gc.root` would be collected, and a pod its network.
 *
 * It is the CRC-32 of key and JSON, six bits in each of six characters from `@` on. Of records of up to 11 KB it tells every change of up
 * to three bits, and of other changes all but one in four thousand million.
 */
import { crc32 } from 'node:zlib';

const BASE = 64;
const BITS = 63;

/** Characters that `seal` adds. */
export const SEAL_LENGTH = 6;

/** The text to be stored for a value, which is given as JSON. */
export const seal = (key: string, json: string): string => json + sealOf(key, json);

/** The JSON of a stored text; undefined where that, or its key, is not what was written. */
export function unseal(key: string, text: string): string | undefined {
  const json = text.slice(0, -SEAL_LENGTH);
  return text.endsWith(sealOf(key, json)) ? json : undefined;
}

function sealOf(key: string, json: string): string {
  const sum = crc32(key + json);
  return String.fromCharCode(
    BASE | (sum & BITS),
    BASE | ((sum >>> 6) & BITS),
    BASE | ((sum >>> 12) & BITS),
    BASE | ((sum >>> 18) & BITS),
    BASE | ((sum >>> 24) & BITS),
    BASE | (sum >>> 30),
  );
}
