import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { collectionsIn } from './collections-in.ts';
import { compareKeys } from './key-order.ts';
import type { Entry, Pages } from './pages.ts';

/** Pages that hold these keys, and count how often they were asked. */
function pagesOf(keys: readonly string[]): Pages & { readonly asked: () => number } {
  const ordered = keys.toSorted(compareKeys).map((key): Entry => ({ key, value: '{}' }));
  let asked = 0;
  return {
    asked: () => asked,
    get: () => undefined,
    read: () => undefined,
    chunk: ({ start, end }, _reverse, limit) => {
      asked++;
      return ordered.filter(({ key }) => compareKeys(key, start) >= 0 && compareKeys(key, end) < 0).slice(0, limit);
    },
    put: () => undefined,
    remove: () => false,
  };
}

const key = (...parts: readonly string[]): string => parts.join('\0');

test('collections are those that hold a record of the namespace, asked by two seeks each', () => {
  const many = Array.from({ length: 1_000 }, (_, n) => key('leases', `n${n}`, 'l'));
  const pages = pagesOf([
    ...many,
    key('_store', '', 'schema'),
    key('snapshots', 'blue', 'a\0b'),
    key('snapshots.by_label', 'default', 'x'),
  ]);
  expect(collectionsIn(pages, 'blue')).toEqual(['snapshots']);
  expect(pages.asked()).toBe(9);
  expect(collectionsIn(pages, 'n7')).toEqual(['leases']);
  expect(collectionsIn(pages, 'n')).toEqual([]);
});

test('whatever keys a damaged store has, it comes to an end and finds what is there', () => {
  const any = fc.string({ unit: 'binary', minLength: 1, maxLength: 6 });
  const few = fc.string({ unit: fc.constantFrom('\0', '\u0001', 'a'), minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.array(fc.oneof(any, few), { maxLength: 12 }), (garbage) => {
      const pages = pagesOf([...garbage, key('a', 'blue', 'k'), key('z', 'blue', 'k')]);
      const found = collectionsIn(pages, 'blue');
      expect(found).toEqual(expect.arrayContaining(['a', 'z']));
      expect(pages.asked()).toBeLessThanOrEqual(2 * (garbage.length + 3) + 1);
    }),
    { seed: 1, numRuns: 2_000 },
  );
});
