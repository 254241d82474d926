import type PQueue from 'p-queue';

/**
 * Waits for one of the queue's slots and holds it until disposed. The signal ends the waiting only: work that was
 * begun keeps its slot while it is being undone.
 */
export async function acquireSlot(slots: PQueue, signal: AbortSignal): Promise<Disposable> {
  const begun = Promise.withResolvers<void>();
  const held = Promise.withResolvers<void>();
  const waiting = new AbortController();
  const stopWaiting = () => waiting.abort(signal.reason);
  signal.throwIfAborted();
  signal.addEventListener('abort', stopWaiting, { once: true });
  const hold = () => {
    signal.removeEventListener('abort', stopWaiting);
    begun.resolve();
    return held.promise;
  };
  slots.add(hold, { signal: waiting.signal }).catch(begun.reject);
  await begun.promise;
  return { [Symbol.dispose]: held.resolve };
}
