import type { JsonObject, JsonValue } from '../json.ts';
import { cliErrors } from './errors.ts';

type Operator = '==' | '!=' | '~=' | 'present';

interface Selector {
  readonly path: readonly string[];
  readonly operator: Operator;
  readonly value: string;
}

/** A predicate over records as programs see them. */
export type Filter = (record: JsonObject) => boolean;

/**
 * Reads filters: `field==value`, `field!=value`, `field~=regular expression`, or `field` alone for its presence; a
 * comma means and, several filters mean or. Fields are dotted (`pod.namespace`); a part or a value with other signs (spaces, commas)
 * stands in double quotes (`labels."a.b"=="c,d"`). No filters match everything.
 */
export function parseFilters(filters: readonly string[]): Filter {
  if (filters.length === 0) return () => true;
  const alternatives = filters.map((filter) => parseSelectors(filter).map(toPredicate));
  return (record) => alternatives.some((selectors) => selectors.every((matches) => matches(record)));
}

const SELECTOR =
  /\s*((?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*")(?:\.(?:[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"))*)\s*(?:(==|!=|~=)\s*("(?:[^"\\]|\\.)*"|[^",\s]*?))?\s*(,|$)/y;

function parseSelectors(filter: string): Selector[] {
  const selectors: Selector[] = [];
  SELECTOR.lastIndex = 0;
  for (;;) {
    const at = SELECTOR.lastIndex;
    const [, path = '', operator, value = '', end] = SELECTOR.exec(filter) ?? [];
    if (path === '')
      throw cliErrors.invalidFilter(`can't read the filter ${JSON.stringify(filter)} from ${JSON.stringify(filter.slice(at))} on`, {
        details: { filter, at },
      });
    selectors.push({ path: parsePath(path), operator: asOperator(operator), value: unquote(value) });
    if (end === '') return selectors;
  }
}

const asOperator = (text: string | undefined): Operator => (text === '==' || text === '!=' || text === '~=' ? text : 'present');

const parsePath = (path: string): string[] => (path.match(/[A-Za-z0-9_-]+|"(?:[^"\\]|\\.)*"/g) ?? []).map(unquote);

const unquote = (text: string): string => (text.startsWith('"') ? text.slice(1, -1).replace(/\\(.)/g, '$1') : text);

function toPredicate({ path, operator, value }: Selector): Filter {
  if (operator === 'present') return (record) => texts(record, path).some((text) => text !== '');
  if (operator === '==') return (record) => texts(record, path).includes(value);
  if (operator === '!=') return (record) => !texts(record, path).includes(value);
  const expression = compile(value);
  return (record) => texts(record, path).some((text) => expression.test(text));
}

function compile(value: string): RegExp {
  try {
    return new RegExp(value);
  } catch (error) {
    throw cliErrors.invalidFilter(`${JSON.stringify(value)} is not a regular expression`, { cause: error });
  }
}

/** The field's value as text; of a list, those of its items. */
function texts(value: JsonValue | undefined, path: readonly string[]): string[] {
  if (value === undefined || value === null) return [];
  if (isList(value)) return value.flatMap((item) => texts(item, path));
  const [first, ...rest] = path;
  if (typeof value === 'object')
    return first === undefined ? [JSON.stringify(value)] : texts(Object.hasOwn(value, first) ? value[first] : undefined, rest);
  return first === undefined ? [String(value)] : [];
}

const isList = (value: JsonValue): value is readonly JsonValue[] => Array.isArray(value);
