import { expect, test } from 'vitest';
import { systemRandom } from './system.ts';
import { timeOrderedId } from './time-ordered-id.ts';

const bytes = (value: number): Uint8Array => new Uint8Array(16).fill(value);

test('an id is 26 digits, ten of its time and sixteen of chance, as ULID has them', () => {
  expect(timeOrderedId(1_469_918_176_385, bytes(0))).toBe('01aryz6s410000000000000000');
  expect(timeOrderedId(0, bytes(0xff))).toBe('0000000000zzzzzzzzzzzzzzzz');
  expect(timeOrderedId(2 ** 48 - 1, bytes(0))).toBe('7zzzzzzzzz0000000000000000');
  expect(timeOrderedId(0, Uint8Array.of(0, 0, 0, 0, 0, 0, 0, 0, 0, 1))).toBe('00000000000000000000000001');
  expect(systemRandom.id()).toMatch(/^[0-9a-hjkmnp-tv-z]{26}$/);
});

test('later ids sort behind earlier ones', () => {
  const ids = [0, 1, 31, 32, 2 ** 32 - 1, 2 ** 32, 2 ** 40, 2 ** 48 - 1].map((now) => timeOrderedId(now, bytes(0x5a)));
  expect(ids.toSorted()).toEqual(ids);
  expect(new Set(ids).size).toBe(ids.length);
});
