import type { Fields, Filter, FilterPredicate, Selector } from './filter.ts';
import { parseFilter } from './parse-filter.ts';

/** Reads the filters of a listing and makes one predicate of them. `filters.invalid` names the one at fault and the column in it. */
export const compileFilters = (texts: readonly string[]): FilterPredicate => toPredicate(texts.map(parseFilter));

/** One of them is enough; no filter means everything. */
export function toPredicate(filters: readonly Filter[]): FilterPredicate {
  if (filters.length === 0) return () => true;
  const alternatives = filters.map(({ selectors }) => selectors.map(compileSelector));
  return (fields) => alternatives.some((conditions) => conditions.every((holds) => holds(fields)));
}

function compileSelector(selector: Selector): FilterPredicate {
  const { path } = selector;
  switch (selector.operator) {
    case 'present':
      return (fields) => isPresent(fields(path));
    case '==':
      return (fields) => some(fields(path), (text) => text === selector.value);
    case '!=':
      return (fields) => !some(fields(path), (text) => text === selector.value);
    case '~=':
      return (fields) => some(fields(path), (text) => selector.pattern.test(text));
  }
}

type FieldValue = ReturnType<Fields>;

const isPresent = (value: FieldValue): boolean => value !== undefined && (typeof value === 'string' || value.length > 0);

function some(value: FieldValue, fits: (text: string) => boolean): boolean {
  if (value === undefined) return false;
  return typeof value === 'string' ? fits(value) : value.some(fits);
}
