import { randomBytes, randomInt } from 'node:crypto';
import { closeSync, openSync, readSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { Clock } from './clock.ts';
import type { Context } from './context.ts';
import type { Random } from './random.ts';
import { inRequest } from './request.ts';
import { timeOrderedId } from './time-ordered-id.ts';

/** What the platform's timers can wait: of a longer one they would be over at once. */
const LONGEST_MS = 2 ** 31 - 1;

/** The machine's own time. */
export const systemClock: Clock = {
  now: () => Date.now(),
  monotonic: () => performance.now(),
  sleep: async (ms, signal) => {
    try {
      let left = ms;
      for (; left > LONGEST_MS; left -= LONGEST_MS) await delay(LONGEST_MS, undefined, { signal });
      await delay(left, undefined, { signal });
    } catch {
      throw signal.reason;
    }
  },
  timer: (ms, callback) => {
    if (ms > LONGEST_MS) return longTimer(ms, callback);
    const handle = inRequest(undefined, () => setTimeout(callback, ms).unref());
    return { [Symbol.dispose]: () => clearTimeout(handle) };
  },
};

function longTimer(ms: number, callback: () => void): Disposable {
  let timer: Disposable | undefined;
  const wait = (left: number): void => {
    timer = left > LONGEST_MS ? systemClock.timer(LONGEST_MS, () => wait(left - LONGEST_MS)) : systemClock.timer(left, callback);
  };
  wait(ms);
  return { [Symbol.dispose]: () => timer?.[Symbol.dispose]() };
}

const ID_BYTES = 10;
const POOL_BYTES = 4096;
let pool = Buffer.alloc(0);
let taken = 0;

/** Random bytes, each given once; asked for by the page, for a call for ten costs as much as one for thousands. */
function entropy(size: number): Uint8Array {
  if (taken + size > pool.length) [pool, taken] = [kernelBytes(POOL_BYTES), 0];
  taken += size;
  return pool.subarray(taken - size, taken);
}

/** The kernel's own bytes: to load OpenSSL for the first few takes a thirtieth of a start. */
function kernelBytes(size: number): Buffer<ArrayBuffer> {
  const bytes = Buffer.alloc(size);
  try {
    const file = openSync('/dev/urandom', 'r');
    try {
      if (readSync(file, bytes) === size) return bytes;
    } finally {
      closeSync(file);
    }
  } catch {
    // There is no such file, or no room for one more that is open.
  }
  return randomBytes(size);
}

/** The machine's own randomness. */
export const systemRandom: Random = {
  bytes: kernelBytes,
  integer: (bound) => randomInt(bound),
  id: () => timeOrderedId(Date.now(), entropy(ID_BYTES)),
};

/** Production's context. */
export const systemContext: Context = { clock: systemClock, random: systemRandom };
