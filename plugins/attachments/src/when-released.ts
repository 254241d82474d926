import { type Clock, deadlineSignal, HawserError } from '@hawser/core';
import { attachmentKey } from '@hawser/core/network';
import type { Books } from './books.ts';

/** What a DEL leaves to do takes milliseconds; where it takes longer something is in its way. */
const PATIENCE_MS = 5_000;

interface Waiting {
  readonly books: Pick<Books, 'find' | 'finished'>;
  readonly clock: Clock;
}

/**
 * Reserves, once more where a claim that was asked for by name is held by what is just being undone: a container that comes back with its
 * address right after its DEL gets it. Any other refusal is the caller's at once, and this one when it lasts.
 */
export async function whenReleased<T>(waiting: Waiting, signal: AbortSignal, reserve: () => Promise<T>): Promise<T> {
  try {
    return await reserve();
  } catch (error) {
    return await retried(waiting, signal, reserve, error);
  }
}

async function retried<T>({ books, clock }: Waiting, signal: AbortSignal, reserve: () => Promise<T>, first: unknown): Promise<T> {
  using patience = deadlineSignal(clock, PATIENCE_MS, 'the release of a claim', signal);
  for (let refusal = first; ;) {
    const holder = holderIn(refusal);
    if (holder === undefined || books.find(holder)?.condemned !== true) throw refusal;
    try {
      await books.finished(holder, patience.signal);
    } catch {
      signal.throwIfAborted();
      throw refusal;
    }
    try {
      return await reserve();
    } catch (error) {
      refusal = error;
    }
  }
}

/** The attachment that has what was asked for, as a refusal tells it. */
function holderIn(error: unknown): string | undefined {
  const { containerId, ifname } = error instanceof HawserError ? (error.details ?? {}) : {};
  return typeof containerId === 'string' && typeof ifname === 'string' ? attachmentKey({ containerId, ifname }) : undefined;
}
