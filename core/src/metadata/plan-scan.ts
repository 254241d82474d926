import type { Filter, Selector } from '../filters/index.ts';
import { compareKeys } from './key-order.ts';

/** Keys in the order of the store, from behind a key on. */
export type KeySource = (after: string | undefined) => Iterable<string>;

/**
 * The keys of all records that some filter can mean, found by indexes: `serve` says which selectors it has one for. Each
 * filter needs one such selector; undefined where one has none, so that all records must be read.
 */
export function planScan(filters: readonly Filter[], serve: (selector: Selector) => KeySource | undefined): KeySource | undefined {
  const sources: KeySource[] = [];
  for (const { selectors } of filters) {
    const source = firstServed(selectors, serve);
    if (source === undefined) return undefined;
    sources.push(source);
  }
  const [first] = sources;
  if (first === undefined) return undefined;
  return sources.length === 1 ? first : (after) => merged(sources.map((source) => source(after)));
}

function firstServed(selectors: readonly Selector[], serve: (selector: Selector) => KeySource | undefined): KeySource | undefined {
  for (const selector of selectors) {
    const source = serve(selector);
    if (source !== undefined) return source;
  }
  return undefined;
}

/** The value that all filters ask for in a field, where they do: a scan need not look further. */
export function commonValue(filters: readonly Filter[], field: string): string | undefined {
  const values = new Set(filters.map(({ selectors }) => equalTo(selectors, field)));
  const [value] = values;
  return values.size === 1 ? value : undefined;
}

function equalTo(selectors: readonly Selector[], field: string): string | undefined {
  for (const selector of selectors) {
    if (selector.operator === '==' && selector.path.length === 1 && selector.path[0] === field) return selector.value;
  }
  return undefined;
}

/** Ordered keys as one ordered row without doubles. */
function* merged(sources: readonly Iterable<string>[]): Iterable<string> {
  const rows = sources.map((source) => source[Symbol.iterator]());
  let heads = rows.map((row) => ({ row, key: next(row) }));
  for (;;) {
    heads = heads.filter(({ key }) => key !== undefined);
    const least = heads.reduce<string | undefined>(
      (one, { key }) => (one === undefined || (key !== undefined && compareKeys(key, one) < 0) ? key : one),
      undefined,
    );
    if (least === undefined) return;
    yield least;
    heads = heads.map((head) => (head.key === least ? { row: head.row, key: next(head.row) } : head));
  }
}

const next = (row: Iterator<string, unknown>): string | undefined => {
  const result = row.next();
  return result.done === true ? undefined : result.value;
};
