import { isIPv6 } from 'node:net';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { isIpv6 } from './ipv6-text.ts';

const group = fc.constantFrom('0', '1', 'a', 'ff', 'ABC', '1234', 'ffff', '0001');
const odd = fc.constantFrom('', '00001', '12345', 'g', '1.2.3.4', '01.2.3.4', '256.1.1.1', '1.2.3', '255.255.255.255', '%1', ' ', '.');
const colons = fc.constantFrom(':', ':', ':', ':', '::');
const pairs = (part: fc.Arbitrary<string>, minLength: number): fc.Arbitrary<string> =>
  fc.array(fc.tuple(part, colons), { minLength, maxLength: 9 }).map((found) => found.flat().join(''));

test('an address of version 6 is what Node.js takes for one, zones aside', () => {
  const text = fc.oneof(
    pairs(group, 1),
    fc.tuple(pairs(group, 4), fc.oneof(group, odd)).map((parts) => parts.join('')),
    pairs(fc.oneof(group, odd), 0),
    fc.ipV6(),
    fc.string(),
  );
  let taken = 0;
  fc.assert(
    fc.property(text, (address) => {
      const expected = isIPv6(address) && !address.includes('%');
      expect(isIpv6(address)).toBe(expected);
      taken += Number(expected);
    }),
    { numRuns: 10_000 },
  );
  expect(taken).toBeGreaterThan(1_000);
});
