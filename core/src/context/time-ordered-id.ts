const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/** 48 bits of time and 80 of randomness in Crockford's base 32, as ULID has it, in lower case. */
export function timeOrderedId(now: number, entropy: Uint8Array): string {
  const high = Math.trunc(now / 2 ** 32);
  const bytes = [high >>> 8, high, now >>> 24, now >>> 16, now >>> 8, now, ...entropy.subarray(0, 10)];
  let id = '';
  // 26 digits have two bits more than 16 bytes.
  let [bits, held] = [0, 2];
  for (const byte of bytes) {
    bits = ((bits << 8) | (byte & 0xff)) & 0xfff;
    for (held += 8; held >= 5; held -= 5) id += ALPHABET[(bits >>> (held - 5)) & 31] ?? '';
  }
  return id;
}
