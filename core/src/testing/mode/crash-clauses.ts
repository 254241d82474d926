import { describe, expect, it } from 'vitest';
import type { ModeBench } from './bench.ts';
import { hostInventory, inventory } from './inventory.ts';
import { AgentDied, mortalHost } from './mortal-host.ts';

/** More changes to the kernel than any attachment needs. */
const MOST_CHANGES = 80;

/** The agent dies at each change to the kernel, and the next one finds what it left. */
export function crashClauses(bench: ModeBench): void {
  describe.each(['before', 'after'] as const)('an agent that dies %s any change', (when) => {
    it('of its attach leaves what the next one’s detach takes away', async () => {
      const { attempts, clean } = await eachDeath(bench, when, async (mode, attachment) => bench.detach(mode, attachment));
      expect(attempts).toBeGreaterThan(0);
      expect(extra(await hostInventory(bench.host), clean)).toEqual([]);
    });

    it('of its attach leaves what the next one’s attach goes on from', async () => {
      const { attempts, clean } = await eachDeath(bench, when, async (mode, attachment) => {
        const result = await bench.attach(mode, attachment);
        await bench.check(mode, { ...attachment, result });
        await bench.detach(mode, { ...attachment, result });
      });
      expect(attempts).toBeGreaterThan(0);
      expect(extra(await hostInventory(bench.host), clean)).toEqual([]);
    });

    it('of its detach leaves what the next one’s detach takes away', async () => {
      const clean = await cleanHost(bench);
      for (let nth = 1; nth <= MOST_CHANGES; nth++) {
        const fresh = await bench.start();
        const { namespace, attachment } = await bench.pod(fresh);
        const empty = await inventory(namespace);
        await bench.attach(fresh, attachment);
        const mortal = mortalHost(bench.host, nth, when);
        const died = await dies(bench.detach(await bench.start(mortal.host), attachment));
        if (died) await bench.detach(await bench.start(), attachment);
        expect(extra(await inventory(namespace), empty), `after change ${nth}`).toEqual([]);
        expect(extra(await hostInventory(bench.host), clean), `after change ${nth}`).toEqual([]);
        if (!died) return;
      }
      expect.fail(`detach makes more than ${MOST_CHANGES} changes`);
    });
  });

  describe('a caller who gives up', () => {
    it('at any change leaves what detach takes away', async () => {
      const clean = await cleanHost(bench);
      for (let nth = 1; nth <= MOST_CHANGES; nth++) {
        const reason = new AbortController();
        const counting = interrupting(bench, nth, reason);
        const mode = await bench.start(counting);
        const { namespace, attachment } = await bench.pod(mode);
        const empty = await inventory(namespace);
        await bench.attach(mode, attachment, reason.signal).catch((error: unknown) => expect(error).toBe(reason.signal.reason));
        await bench.detach(mode, attachment);
        expect(await inventory(namespace), `given up at change ${nth}`).toEqual(empty);
        expect(extra(await hostInventory(bench.host), clean), `given up at change ${nth}`).toEqual([]);
        if (!reason.signal.aborted) return;
      }
      expect.fail(`attach makes more than ${MOST_CHANGES} changes`);
    });

    it('before it began makes nothing', async () => {
      const mode = await bench.start();
      const { namespace, attachment } = await bench.pod(mode);
      const before = [await hostInventory(bench.host), await inventory(namespace)];
      const reason = AbortSignal.abort(new Error('the client has gone'));
      await expect(bench.attach(mode, attachment, reason)).rejects.toBe(reason.reason);
      expect([await hostInventory(bench.host), await inventory(namespace)]).toEqual(before);
    });
  });
}

/** Lets attach die at its first, second, … change until it lives through, each time in a new namespace. */
async function eachDeath(
  bench: ModeBench,
  when: 'before' | 'after',
  recover: (
    mode: Awaited<ReturnType<ModeBench['start']>>,
    attachment: Awaited<ReturnType<ModeBench['pod']>>['attachment'],
  ) => Promise<void>,
) {
  const attempts: string[] = [];
  for (let nth = 1; nth <= MOST_CHANGES; nth++) {
    const mortal = mortalHost(bench.host, nth, when);
    const doomed = await bench.start(mortal.host);
    const { namespace, attachment } = await bench.pod(doomed);
    const empty = await inventory(namespace);
    const died = await dies(bench.attach(doomed, attachment));
    await recover(await bench.start(), attachment);
    expect(await inventory(namespace), `after change ${nth}`).toEqual(empty);
    if (!died) return { attempts: attempts.length, clean: await cleanHost(bench) };
    attempts.push(attachment.id);
  }
  return expect.fail(`attach makes more than ${MOST_CHANGES} changes`);
}

/** Whether the agent died in this call; any other failure is the test's. */
async function dies(call: Promise<unknown>): Promise<boolean> {
  try {
    await call;
    return false;
  } catch (error) {
    for (let cause = error; cause instanceof Error; cause = cause.cause) if (cause instanceof AgentDied) return true;
    throw error;
  }
}

/** What the host has after one attachment that came and went: what a mode shares among attachments may stay. */
async function cleanHost(bench: ModeBench): Promise<readonly string[]> {
  const mode = await bench.start();
  const { attachment } = await bench.pod(mode);
  await bench.attach(mode, attachment);
  await bench.detach(mode, attachment);
  return hostInventory(bench.host);
}

const extra = (found: readonly string[], allowed: readonly string[]): readonly string[] => found.filter((line) => !allowed.includes(line));

/** The same host; the signal aborts as soon as the `nth` change has taken effect. */
function interrupting(bench: ModeBench, nth: number, reason: AbortController): ModeBench['host'] {
  return mortalHost(
    bench.host,
    Number.POSITIVE_INFINITY,
    'after',
    (count) => count >= nth && reason.abort(new Error('the client has gone')),
  ).host;
}
