import { expect, test } from 'vitest';
import { deadlineSignal } from '../context/index.ts';
import { heldClock } from '../testing/index.ts';
import { toHawserError } from './to-error.ts';

test.each([
  ['a text', 'a text', 'a text'],
  ['nothing', undefined, 'undefined'],
  ['an object', { code: 7 }, '[object Object]'],
  ['one without a prototype', Object.create(null), expect.any(String)],
  [
    'one that can’t be shown',
    {
      toString() {
        throw new Error('no');
      },
    },
    expect.any(String),
  ],
])('whatever was thrown is an error of the catalogue: %s', (_, thrown: unknown, message: unknown) => {
  const error = toHawserError(thrown);
  expect(error).toMatchObject({ code: 'internal.unexpected', message });
  expect(error.cause).toBe(thrown);
});

test('a deadline says whose it was', async () => {
  const clock = heldClock();
  using deadline = deadlineSignal(clock, 2000, 'attaching a/eth0');
  await clock.advance(2000);
  expect(toHawserError(deadline.signal.reason)).toMatchObject({
    code: 'internal.deadline_exceeded',
    message: 'attaching a/eth0 took longer than 2 s',
  });
});
