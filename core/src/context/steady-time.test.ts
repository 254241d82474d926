import { expect, test } from 'vitest';
import { heldClock } from '../testing/held-clock.ts';
import { steadyTime } from './steady-time.ts';

const MINUTE = 60_000;
const DAY = 24 * 60 * MINUTE;

test('is the wall clock’s time, one for all who ask of a clock', async () => {
  const clock = heldClock();
  const time = steadyTime(clock);
  expect(steadyTime(clock)).toBe(time);
  await clock.advance(12_345);
  expect([time.now(), time.after(5)]).toEqual([clock.now(), clock.now() + 5]);
});

test('follows the small steps in which clocks are disciplined, also where they add up', async () => {
  const clock = heldClock();
  const time = steadyTime(clock);
  for (let step = 0; step < 10; step++) {
    clock.setBy(1_500);
    await clock.advance(1_000);
    expect(time.now()).toBe(clock.now());
  }
});

test.each([DAY, -DAY, 365 * DAY, 3_000, -3_000])(
  'goes on by itself for ten minutes when the clock is set by %i ms, then the wall clock holds',
  async (by) => {
    const clock = heldClock();
    const time = steadyTime(clock);
    const before = time.now();
    clock.setBy(by);
    expect(time.now()).toBe(before);
    expect(time.after(10 * MINUTE)).toBe(before + 10 * MINUTE);
    expect(time.after(10 * MINUTE + 1)).toBe(before + Math.max(by, 0) + 10 * MINUTE + 1);
    await clock.advance(10 * MINUTE - 1);
    expect(time.now()).toBe(before + 10 * MINUTE - 1);
    await clock.advance(1);
    expect([time.now(), time.after(5)]).toEqual([clock.now(), clock.now() + 5]);
  },
);

test('a clock that is set and set right again leaves nothing behind', async () => {
  const clock = heldClock();
  const time = steadyTime(clock);
  clock.setBy(DAY);
  time.now();
  await clock.advance(5 * MINUTE);
  clock.setBy(-DAY);
  expect(time.now()).toBe(clock.now());
  await clock.advance(9 * MINUTE);
  clock.setBy(DAY);
  expect(time.now()).toBe(clock.now() - DAY);
});
