import * as fc from 'fast-check';
import { expect, test, vi } from 'vitest';
import { compareKeys } from './key-order.ts';
import type { JsonValue } from '../json.ts';
import type { Entry, Pages, Range } from './pages.ts';
import { readPlainly } from './record.ts';
import type { Collection } from './store.ts';
import { WriteSet } from './write-set.ts';

/** Pages as an ordered list in memory: the meaning of everything that a write set does. */
class PlainPages implements Pages {
  readonly #entries = new Map<string, Entry>();

  get(key: string): string | undefined {
    return this.#entries.get(key)?.value;
  }

  read<V extends JsonValue>(collection: Collection<V>, key: string): V | undefined {
    return readPlainly(this, collection, key);
  }

  chunk({ start, end }: Range, reverse: boolean, limit: number): readonly Entry[] {
    const found = [...this.#entries.values()].filter(({ key }) => compareKeys(key, start) >= 0 && compareKeys(key, end) < 0);
    found.sort((one, other) => compareKeys(one.key, other.key));
    return (reverse ? found.toReversed() : found).slice(0, limit);
  }

  put(key: string, value: string): void {
    this.#entries.set(key, { key, value });
  }

  remove(key: string): boolean {
    return this.#entries.delete(key);
  }
}

const ALL: Range = { start: '', end: '\u{10ffff}\u{10ffff}' };

/** Few keys, so that they meet; of characters, too, that sort otherwise as UTF-16. Some are of a collection. */
const rest = fc.string({ unit: fc.constantFrom('a', 'ß', '\uffff', '😀'), minLength: 1, maxLength: 2 });
const key = fc.tuple(fc.constantFrom('', 'a\0a\0', 'a\0b\0'), rest).map((parts) => parts.join(''));
const step = fc.oneof(
  fc.record({ do: fc.constant('put' as const), key, value: fc.nat(9).map(String) }),
  fc.record({ do: fc.constant('remove' as const), key }),
  fc.record({ do: fc.constant('get' as const), key }),
  fc.record({ do: fc.constant('chunk' as const), start: key, end: key, reverse: fc.boolean(), limit: fc.nat(6) }),
);

type Step = typeof step extends fc.Arbitrary<infer S> ? S : never;

function carryOut(pages: Pages, step: Step): unknown {
  switch (step.do) {
    case 'put':
      return pages.put(step.key, step.value);
    case 'remove':
      return pages.remove(step.key);
    case 'get':
      return pages.get(step.key);
    case 'chunk':
      return pages.chunk(step, step.reverse, step.limit);
    default:
      return step satisfies never;
  }
}

test('reads what it has written as if it were below, and puts it there at the end', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), fc.array(step, { maxLength: 40 }), (before, steps) => {
      const [below, model] = [new PlainPages(), new PlainPages()];
      for (const earlier of before) for (const pages of [below, model]) carryOut(pages, earlier);
      const untouched = below.chunk(ALL, false, Number.POSITIVE_INFINITY);
      const writes = new WriteSet(below);
      for (const next of steps) expect(carryOut(writes, next)).toEqual(carryOut(model, next));
      expect(below.chunk(ALL, false, Number.POSITIVE_INFINITY)).toEqual(untouched);
      writes.flush();
      expect(below.chunk(ALL, false, Number.POSITIVE_INFINITY)).toEqual(model.chunk(ALL, false, Number.POSITIVE_INFINITY));
    }),
    { numRuns: 1_000 },
  );
});

test('a part that throws is taken back, also in a part of its own; one that returns stays', () => {
  const part = fc.record({
    steps: fc.array(step, { maxLength: 8 }),
    inner: fc.array(step, { maxLength: 8 }),
    fails: fc.boolean(),
    innerFails: fc.boolean(),
  });
  fc.assert(
    fc.property(fc.array(step, { maxLength: 20 }), fc.array(part, { maxLength: 6 }), (before, parts) => {
      const [below, model] = [new PlainPages(), new PlainPages()];
      for (const earlier of before) for (const pages of [below, model]) carryOut(pages, earlier);
      const writes = new WriteSet(below);
      const attempt = (steps: readonly Step[], fails: boolean, then: () => void): void => {
        const failure = new Error('refused');
        try {
          writes.attempt(() => {
            for (const next of steps) carryOut(writes, next);
            then();
            if (fails) throw failure;
          });
        } catch (error) {
          if (error !== failure) throw error;
        }
      };
      for (const { steps, inner, fails, innerFails } of parts) {
        attempt(steps, fails, () => attempt(inner, innerFails, () => {}));
        const stay = fails ? [] : [...steps, ...(innerFails ? [] : inner)];
        for (const next of stay) carryOut(model, next);
        expect(writes.chunk(ALL, false, Number.POSITIVE_INFINITY)).toEqual(model.chunk(ALL, false, Number.POSITIVE_INFINITY));
      }
      writes.flush();
      expect(below.chunk(ALL, false, Number.POSITIVE_INFINITY)).toEqual(model.chunk(ALL, false, Number.POSITIVE_INFINITY));
    }),
    { numRuns: 1_000 },
  );
});

test('who asks after one thing after the other that is not there has few looks below', () => {
  const below = new PlainPages();
  for (const key of ['a\0a\0k100', 'a\0a\0k200', 'b\0a\0k000']) below.put(key, '1');
  const looks = vi.spyOn(below, 'chunk');
  const writes = new WriteSet(below);
  const found = (): string[] =>
    Array.from({ length: 300 }, (_, at) => `a\0a\0k${String(at).padStart(3, '0')}`).flatMap((start) =>
      writes.chunk({ start, end: `${start}\0` }, false, 8).map(({ key }) => key),
    );
  expect(found()).toEqual(['a\0a\0k100', 'a\0a\0k200']);
  expect(looks.mock.calls.length).toBeLessThan(12);
  writes.put('a\0a\0k150', '1');
  writes.remove('a\0a\0k200');
  expect(found()).toEqual(['a\0a\0k100', 'a\0a\0k150']);
});
