import { describe, expect, test } from 'vitest';
import { heldClock } from '../testing/held-clock.ts';
import { deadlineSignal, untilAborted, withDeadline } from './deadline.ts';

const late = () => new Error('late');

describe('work with a deadline', () => {
  test('settles as the work does and leaves no timer', async () => {
    const clock = heldClock();
    expect(await withDeadline(clock, 1_000, late, () => 7)).toBe(7);
    await expect(withDeadline(clock, 1_000, late, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
    expect(clock.waiting).toBe(0);
  });

  test('is told and left when its time is up, whether it listens or not', async () => {
    const clock = heldClock();
    let told: unknown;
    const outcome = withDeadline(clock, 1_000, late, (signal) => {
      signal.addEventListener('abort', () => (told = signal.reason));
      return new Promise(() => undefined);
    }).catch((error: unknown) => error);
    await clock.advance(999);
    expect(told).toBeUndefined();
    await clock.advance(1);
    expect(await outcome).toMatchObject({ message: 'late' });
    expect(told).toBe(await outcome);
  });

  test('ends with another signal, and is not begun after it', async () => {
    const gone = new AbortController();
    const outcome = withDeadline(heldClock(), 1_000, late, () => new Promise(() => undefined), gone.signal).catch(
      (error: unknown) => error,
    );
    gone.abort(new Error('gone'));
    expect(await outcome).toMatchObject({ message: 'gone' });
    let begun = false;
    await expect(withDeadline(heldClock(), 1_000, late, () => (begun = true), gone.signal)).rejects.toThrow('gone');
    expect(begun).toBe(false);
  });
});

test('a deadline says what took longer', async () => {
  const clock = heldClock();
  using deadline = deadlineSignal(clock, 2_000, 'attaching');
  await clock.advance(2_000);
  expect(deadline.signal.reason).toMatchObject({ name: 'TimeoutError', message: 'attaching took longer than 2 s' });
});

test('who leaves does not hear how the work ends', async () => {
  const gone = new AbortController();
  const work = Promise.withResolvers<never>();
  const outcome = untilAborted(work.promise, gone.signal).catch((error: unknown) => error);
  gone.abort('left');
  expect(await outcome).toBe('left');
  work.reject(new Error('nobody hears this'));
});
