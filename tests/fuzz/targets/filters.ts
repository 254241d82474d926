import { compileFilters, parseFilter, printFilter } from '@hawser/core';
import * as fc from 'fast-check';
import { checkRefusal, hold } from '../engine/refusal.ts';
import type { FuzzTarget } from '../engine/target.ts';

const SIGNS = [
  '==',
  '!=',
  '~=',
  '=',
  '~',
  ',',
  '.',
  ' ',
  '\t',
  '"',
  '\\',
  '\\u00e4',
  '\\n',
  '/',
  '|',
  '(',
  ')',
  '[',
  ']',
  '{2,3}',
  '*',
  '+',
  '?',
  '^',
  '$',
];
const WORDS = ['labels', 'name', 'a', 'kind', 'state', 'ä', '𝄞', '(?i)', '(?P<n>', '\\pL', '\\Q', '[[:alpha:]]', 'a{1000}', '(a|aa)+'];

const field = fc.oneof(
  fc.constantFrom(...WORDS),
  fc.string().map((text) => JSON.stringify(text)),
);
const path = fc.array(field, { minLength: 1, maxLength: 3 }).map((fields) => fields.join('.'));
const value = fc.oneof(field, fc.constantFrom('/x/', '|a/b|', '^a+$', '/(a|b){2}/', '""'));
const selector = fc.oneof(
  path,
  fc.tuple(path, fc.constantFrom('==', '!=', '~='), value).map((parts) => parts.join('')),
);

const RECORD = new Map<string, string | readonly string[]>([
  ['labels', 'a'],
  ['name', ['x', 'aaaa', '']],
  ['a', 'ä'],
]);

/** The language of lists. */
export const filters: FuzzTarget = {
  name: 'filters',
  summary: 'filters of lists: read and asked, or refused with a column; printed and read again they say the same',
  format: 'text',
  pieces: [...SIGNS, ...WORDS],
  grammar: fc.array(selector, { minLength: 1, maxLength: 4 }).map((selectors) => selectors.join(',')),
  runs: 1_500,
  open: () => ({ attempt: (input) => attempt(input.toString()) }),
};

const ask = (text: string): boolean => compileFilters([text])((at) => RECORD.get(at[0] ?? ''));

function attempt(text: string): void {
  let answer: boolean;
  try {
    answer = ask(text);
  } catch (error) {
    const { code, details } = checkRefusal(error, 'filters');
    hold(code === 'filters.invalid', `refused as ${code}`);
    const column = Number(details['column']);
    hold(Number.isInteger(column) && column >= 1 && column <= Array.from(text).length + 1, `column ${column} is not in the text`);
    return;
  }
  const printed = printFilter(parseFilter(text));
  hold(printFilter(parseFilter(printed)) === printed, `printed, read and printed again it is another one: ${printed}`);
  hold(ask(printed) === answer, `printed it says something else: ${printed}`);
}
