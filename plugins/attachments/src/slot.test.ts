import PQueue from 'p-queue';
import { describe, expect, test } from 'vitest';
import { acquireSlot } from './slot.ts';

describe('acquireSlot', () => {
  test('one more than the slots waits until one is given back', async () => {
    const slots = new PQueue({ concurrency: 1 });
    const { signal } = new AbortController();
    const first = await acquireSlot(slots, signal);
    let second: Disposable | undefined;
    const waiting = acquireSlot(slots, signal).then((slot) => (second = slot));
    await Promise.resolve();
    expect(second).toBeUndefined();
    first[Symbol.dispose]();
    await waiting;
    second?.[Symbol.dispose]();
    await slots.onIdle();
  });

  test('giving up while waiting leaves the queue; giving up while holding keeps the slot', async () => {
    const slots = new PQueue({ concurrency: 1 });
    const holder = new AbortController();
    const held = await acquireSlot(slots, holder.signal);
    holder.abort(new Error('client gone'));
    const impatient = new AbortController();
    const waiting = acquireSlot(slots, impatient.signal);
    impatient.abort(new Error('gave up'));
    await expect(waiting).rejects.toThrow('gave up');
    expect(slots.pending).toBe(1);
    held[Symbol.dispose]();
    await slots.onIdle();
    expect(slots.pending).toBe(0);
  });
});
