import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { compareKeys, pastPrefix } from './key-order.ts';

const character = fc.constantFrom('\0', '\u0001', 'a', 'b', '\u007f', 'ß', '\ud7ff', '\ue000', '\uffff', '\u{10000}', '😀', '\u{10ffff}');
const text = fc.string({ unit: character, maxLength: 5 });

test('keys are ordered by their bytes', () => {
  fc.assert(
    fc.property(text, text, (one, other) => {
      expect(Math.sign(compareKeys(one, other))).toBe(Buffer.compare(Buffer.from(one), Buffer.from(other)));
    }),
    { numRuns: 2_000 },
  );
});

test('what begins with a prefix lies between it and what is past it, and nothing else does', () => {
  fc.assert(
    fc.property(text, text, (prefix, key) => {
      fc.pre(prefix.replaceAll('\u{10ffff}', '') !== '');
      const isBetween = compareKeys(key, prefix) >= 0 && compareKeys(key, pastPrefix(prefix)) < 0;
      expect(isBetween).toBe(key.startsWith(prefix));
    }),
    { numRuns: 2_000 },
  );
});
