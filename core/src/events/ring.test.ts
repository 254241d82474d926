import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { Ring } from './ring.ts';

test('a ring is a queue, whatever is put in and taken out', () => {
  fc.assert(
    fc.property(
      fc.array(fc.oneof(fc.integer({ min: 1, max: 3_000 }), fc.constantFrom('shift', 'drain', 'clear')), { maxLength: 40 }),
      (steps) => {
        const ring = new Ring<number>();
        const model: number[] = [];
        let next = 0;
        for (const step of steps) {
          if (typeof step === 'number') for (let left = step; left > 0; left--) model.push((ring.push(next), next++));
          else if (step === 'shift') expect(ring.shift()).toBe(model.shift());
          else if (step === 'drain') while (model.length > 0) expect(ring.shift()).toBe(model.shift());
          else {
            ring.clear();
            model.splice(0);
          }
          expect(ring.length).toBe(model.length);
        }
        while (model.length > 0) expect(ring.shift()).toBe(model.shift());
        expect(ring.shift()).toBeUndefined();
      },
    ),
    { numRuns: 100 },
  );
});
