import { afterEach, beforeEach, expect, test, vi } from 'vitest';
import { systemClock } from './system.ts';

const slept: number[] = [];
vi.mock('node:timers/promises', () => ({
  setTimeout: async (ms: number, _value: undefined, { signal }: { readonly signal: AbortSignal }) => {
    signal.throwIfAborted();
    slept.push(ms);
  },
}));

const DAY_MS = 86_400_000;

beforeEach(() => void vi.useFakeTimers());
afterEach(() => void vi.useRealTimers());

test('a timer waits as long as it is told, longer than the platform can too', async () => {
  let calls = 0;
  using _timer = systemClock.timer(60 * DAY_MS, () => calls++);
  using disposed = systemClock.timer(60 * DAY_MS, () => calls++);
  await vi.advanceTimersByTimeAsync(59 * DAY_MS);
  expect(calls).toBe(0);
  disposed[Symbol.dispose]();
  await vi.advanceTimersByTimeAsync(DAY_MS);
  expect(calls).toBe(1);
  await vi.advanceTimersByTimeAsync(60 * DAY_MS);
  expect([calls, vi.getTimerCount()]).toEqual([1, 0]);
});

test('so does a sleep, which ends with its signal’s reason', async () => {
  await systemClock.sleep(60 * DAY_MS, new AbortController().signal);
  expect(slept.reduce((sum, ms) => sum + ms, 0)).toBe(60 * DAY_MS);
  expect(Math.max(...slept)).toBeLessThan(2 ** 31);
  await expect(systemClock.sleep(1, AbortSignal.abort('gone'))).rejects.toBe('gone');
});
