import fc from 'fast-check';
import { expect, it } from 'vitest';
import { AddressSet } from './address-set.ts';

const base = 0xfd00_0088n << 96n;
const value = fc.oneof(fc.bigInt(0n, 70n), fc.bigInt(1_000n, 1_060n), fc.bigInt(2n ** 64n - 40n, 2n ** 64n)).map((offset) => base + offset);

it('holds what was added and not taken away, and finds the gap behind any number', () => {
  fc.assert(
    fc.property(fc.array(fc.tuple(fc.boolean(), value), { maxLength: 400 }), value, (steps, from) => {
      const set = new AddressSet();
      const model = new Set<bigint>();
      for (const [adds, number] of steps) {
        if (adds) set.add(number);
        else set.delete(number);
        if (adds) model.add(number);
        else model.delete(number);
        expect(set.has(number)).toBe(adds);
      }
      let gap = from;
      while (model.has(gap)) gap++;
      expect(set.nextAbsent(from)).toBe(gap);
      expect(set.size).toBe(model.size);
    }),
  );
});

it('leaps over full blocks', () => {
  const set = new AddressSet();
  for (let number = 5n; number < 200_000n; number++) set.add(number);
  expect([set.nextAbsent(0n), set.nextAbsent(5n), set.nextAbsent(199_999n)]).toEqual([0n, 200_000n, 200_000n]);
  set.delete(123_456n);
  expect(set.nextAbsent(6n)).toBe(123_456n);
});
