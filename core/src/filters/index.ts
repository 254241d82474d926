export { compileFilters, toPredicate } from './compile-filters.ts';
export { filterErrors } from './errors.ts';
export { fieldsOf } from './fields-of.ts';
export type { Fields, Filter, FilterPredicate, Selector } from './filter.ts';
export { parseFilter } from './parse-filter.ts';
export { printFilter } from './print-filter.ts';
