import { pbkdf2 } from 'node:crypto';
import { setTimeout as delay } from 'node:timers/promises';
import { promisify } from 'node:util';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { loadLibc } from './libc.ts';
import { unavailable } from './testing/machine.ts';

const missing = await unavailable();

/** Threads of libuv's pool, as long as nobody sets UV_THREADPOOL_SIZE. */
const THREADS = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4);

/** Only a full collection in a task of its own finds what the stack may still name. */
async function collectGarbage(): Promise<void> {
  setFlagsFromString('--expose-gc');
  const collect: unknown = runInNewContext('gc');
  if (typeof collect !== 'function') throw new Error('this Node.js has no gc()');
  for (let round = 0; round < 3; round++) {
    await delay(1);
    collect();
  }
}

describe.skipIf(missing !== undefined)(`calls of libc (${missing ?? 'here'})`, () => {
  it('on a worker keep what they are given until they have ended', async () => {
    const libc = await loadLibc();
    const order: string[] = [];
    const registry = new FinalizationRegistry<string>((what) => order.push(what));
    const busy = Array.from({ length: THREADS }, () => promisify(pbkdf2)('busy', 'salt', 400_000, 64, 'sha512'));
    const send = (): Promise<unknown> => {
      const data = new Uint8Array(16);
      registry.register(data, 'collected');
      return libc.sendOnWorker(-1, data).then(({ sent }) => order.push(`sent ${sent}`));
    };
    const sent = send();
    registry.register({}, 'something else');
    await collectGarbage();
    await delay(1);
    expect(order).toEqual(['something else']);
    await Promise.all([sent, ...busy]);
    expect(order.slice(0, 2)).toEqual(['something else', 'sent -1']);
  });
});
