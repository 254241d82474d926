import { expect, test } from 'vitest';
import { OrderedKeys } from './ordered-keys.ts';

test('keys are found in the order of the store, however many came at once and whatever came since', () => {
  const keys = new OrderedKeys();
  // More than a call of JavaScript takes as arguments.
  for (let at = 200_000; at > 0; at--) keys.add(`k${String(at).padStart(6, '0')}`);
  expect(keys.within({ start: 'k000002', end: 'k000004' })).toEqual(['k000002', 'k000003']);
  keys.add('k000002!');
  expect(keys.within({ start: 'k000002', end: 'k000004' })).toEqual(['k000002', 'k000002!', 'k000003']);
  expect(keys.within({ start: 'l', end: 'm' })).toEqual([]);
});
