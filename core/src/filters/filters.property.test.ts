import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { HawserError } from '../errors/index.ts';
import { compileFilters, fieldsOf, parseFilter, printFilter } from './index.ts';

const RUNS = Number(process.env['HAWSER_RUNS'] ?? 2_000);
/** Far above what any takes, far below a hang. */
const SLOW_MS = 2_000;

type Model =
  | { readonly path: readonly string[]; readonly operator: 'present' }
  | { readonly path: readonly string[]; readonly operator: '==' | '!='; readonly value: string };

const names = ['a', 'b', 'a.b', 'with space', 'ä', '', '_1', '"', '\\', ','];
const values = ['x', 'y', '', 'x,y', ' x', '"x"', '/x/', '=', '\\', '\n', '𝄞', '|'];
const path = fc.array(fc.constantFrom(...names), { minLength: 1, maxLength: 2 });
const selector: fc.Arbitrary<Model> = fc.oneof(
  fc.record({ path, operator: fc.constant('present' as const) }),
  fc.record({ path, operator: fc.constantFrom('==' as const, '!=' as const), value: fc.constantFrom(...values) }),
);
const filters = fc.array(fc.array(selector, { minLength: 1, maxLength: 3 }), { maxLength: 3 });
const records = fc.dictionary(
  fc.constantFrom(...names),
  fc.oneof(fc.constantFrom(...values), fc.dictionary(fc.constantFrom(...names), fc.constantFrom(...values))),
);

/** What is at a path, of which the rest may be one name with dots in it. */
function valueAt(value: unknown, [field, ...rest]: readonly string[]): unknown {
  if (field === undefined) return value;
  if (typeof value !== 'object' || value === null) return undefined;
  const name = [field, ...rest].join('.');
  return (
    (Object.hasOwn(value, field) ? valueAt(Reflect.get(value, field), rest) : undefined) ??
    (Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined)
  );
}

/** The same meaning, written down as naively as can be. */
const naive = (alternatives: readonly (readonly Model[])[], record: Record<string, unknown>): boolean =>
  alternatives.length === 0 ||
  alternatives.some((all) =>
    all.every((one) => {
      const at = valueAt(record, one.path);
      const text = at === undefined ? undefined : typeof at === 'string' ? at : JSON.stringify(at);
      if (one.operator === 'present') return text !== undefined;
      return one.operator === '==' ? text === one.value : text !== one.value;
    }),
  );

test('a filter says the same as the naive one, however it is written', () => {
  fc.assert(
    fc.property(filters, records, fc.boolean(), (alternatives, record, spaced) => {
      const texts = alternatives.map((selectors) => {
        const text = printFilter({ selectors });
        return spaced ? ` ${text} ` : text;
      });
      expect(compileFilters(texts)(fieldsOf(record))).toBe(naive(alternatives, record));
    }),
    { numRuns: RUNS },
  );
});

test('what is printed is read as the same filter again', () => {
  fc.assert(
    fc.property(fc.array(selector, { minLength: 1, maxLength: 4 }), (selectors) => {
      const text = printFilter({ selectors });
      expect(parseFilter(text).selectors).toEqual(selectors);
      expect(printFilter(parseFilter(text))).toBe(text);
    }),
    { numRuns: RUNS },
  );
});

test('every text can be asked for in quotes', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary' }), (value) => {
      const text = printFilter({ selectors: [{ path: ['field'], operator: '==', value }] });
      expect(compileFilters([text])(fieldsOf({ field: value }))).toBe(true);
    }),
    { numRuns: RUNS },
  );
});

/** An error that points into the text, or a predicate that answers; nothing else, and neither late. */
function survives(text: string): void {
  const began = performance.now();
  try {
    const predicate = compileFilters([text]);
    expect(typeof predicate(() => 'abc')).toBe('boolean');
    expect(compileFilters([printFilter(parseFilter(text))])(() => 'abc')).toBe(predicate(() => 'abc'));
  } catch (error) {
    if (!(error instanceof HawserError)) throw error;
    expect(error).toMatchObject({ code: 'filters.invalid', details: { filter: text } });
    const column = Number(error.details['column']);
    expect(column).toBeGreaterThanOrEqual(1);
    expect(column).toBeLessThanOrEqual(Array.from(text).length + 1);
  }
  expect(performance.now() - began).toBeLessThan(SLOW_MS);
}

test('fuzz: any bytes are either read or refused with a column', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => survives(Buffer.from(bytes).toString('utf8'))),
    { numRuns: RUNS },
  );
});

test('fuzz: any row of the signs of the language is either read or refused with a column', () => {
  const sign = fc.constantFrom(
    'a',
    '.',
    '"',
    '\\',
    '=',
    '==',
    '!=',
    '~=',
    '~',
    ',',
    ' ',
    '/',
    '|',
    '(',
    ')',
    '[',
    '{9}',
    '*',
    '+',
    '\\u00e',
    '𝄞',
  );
  fc.assert(
    fc.property(fc.array(sign, { maxLength: 40 }), (signs) => survives(signs.join(''))),
    { numRuns: RUNS },
  );
});

test('fuzz: a filter with a piece cut out, doubled or put elsewhere is either read or refused with a column', () => {
  const valid = [
    'labels."a.b"=="c,d",x',
    'pod.name~=/^web-(a|b)+,?$/,state!=x',
    'a~=|b\\|c|',
    'ips.address~="^10\\\\.88\\\\."',
    'x~=a{2,3}',
  ];
  fc.assert(
    fc.property(fc.constantFrom(...valid), fc.nat(60), fc.nat(60), fc.nat(60), (text, from, to, at) => {
      const piece = text.slice(Math.min(from, to), Math.max(from, to));
      const rest = text.replace(piece, '');
      for (const mutant of [rest, text.slice(0, at) + piece + text.slice(at), rest.slice(0, at) + piece + rest.slice(at)]) survives(mutant);
    }),
    { numRuns: RUNS },
  );
});
