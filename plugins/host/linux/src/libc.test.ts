import { execFileSync } from 'node:child_process';
import { closeSync, constants, mkdtempSync, openSync, rmSync } from 'node:fs';
import { open } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { describe, expect, it } from 'vitest';
import { loadLibc } from './libc.ts';
import { unavailable } from './testing/machine.ts';

const missing = await unavailable();

/** Threads of libuv's pool, as long as nobody sets UV_THREADPOOL_SIZE. */
const THREADS = Number(process.env['UV_THREADPOOL_SIZE'] ?? 4);

/** Occupies every thread until it is disposed of: who opens a FIFO waits for somebody who writes. */
function occupiedThreads(): AsyncDisposable {
  const folder = mkdtempSync(join(tmpdir(), 'hwt-'));
  const fifo = join(folder, 'fifo');
  execFileSync('mkfifo', [fifo]);
  const readers = Array.from({ length: THREADS }, () => open(fifo, 'r'));
  return {
    async [Symbol.asyncDispose]() {
      const writer = openSync(fifo, constants.O_RDWR);
      for (const reader of await Promise.all(readers)) await reader.close();
      closeSync(writer);
      rmSync(folder, { recursive: true });
    },
  };
}

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
    let sent: Promise<unknown> | undefined;
    {
      await using _threads = occupiedThreads();
      const send = (): Promise<unknown> => {
        const data = new Uint8Array(16);
        registry.register(data, 'collected');
        return libc.sendOnWorker(-1, data).then((outcome) => order.push(`sent ${outcome.sent}`));
      };
      sent = send();
      registry.register({}, 'something else');
      await collectGarbage();
      await delay(1);
      expect(order).toEqual(['something else']);
    }
    await sent;
    expect(order.slice(0, 2)).toEqual(['something else', 'sent -1']);
  });
});
