import { expect, test } from 'vitest';
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
