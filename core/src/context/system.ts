import { randomBytes, randomInt } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from './clock.ts';
import type { Context } from './context.ts';
import type { Random } from './random.ts';

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    try {
      await delay(ms, undefined, { signal });
    } catch {
      throw signal.reason;
    }
  },
  timer: (ms, callback) => {
    const handle = setTimeout(callback, ms).unref();
    return { [Symbol.dispose]: () => clearTimeout(handle) };
  },
};

/** The machine's own randomness. */
export const systemRandom: Random = {
  bytes: (size) => randomBytes(size),
  integer: (bound) => randomInt(bound),
  id: () => timeOrderedId(Date.now(), randomBytes(10)),
};

/** Production's context. */
export const systemContext: Context = { clock: systemClock, random: systemRandom };

const ALPHABET = '0123456789abcdefghjkmnpqrstvwxyz';

/** 48 bits of time and 80 of randomness in Crockford's base 32, as ULID has it, in lower case. */
export function timeOrderedId(now: number, entropy: Uint8Array): string {
  let value = BigInt(now);
  for (const byte of entropy) value = (value << 8n) | BigInt(byte);
  let id = '';
  for (let position = 0; position < 26; position++) {
    id = (ALPHABET[Number(value & 31n)] ?? '') + id;
    value >>= 5n;
  }
  return id;
}
