import type { JsonValue } from '../json.ts';
import type { Selector } from '../filters/index.ts';
import { defineIndex, type Index } from './indexes.ts';
import type { Labels } from './labels.ts';
import type { Collection } from './store.ts';

/** What collection and the engine write with every attachment is not looked for; an entry would be a write of each ADD. */
const NOT_INDEXED = /^(?:gc\.|hawser\.dev\/)/;

type Labelled = { readonly labels: Labels } & JsonValue;

/** An index by labels and their values, of all labels but those that begin with `gc.` or `hawser.dev/`. */
export const defineLabelIndex = <V extends Labelled>(collection: Collection<V>): Index<V> => defineIndex(collection, 'label', labelTerms);

function labelTerms({ labels }: { readonly labels: Labels }): readonly string[] {
  const terms: string[] = [];
  for (const label in labels) if (!NOT_INDEXED.test(label)) terms.push(termOf(label, labels[label] ?? ''));
  return terms;
}

/** The term by which the index finds what a selector means; undefined where it can't. */
export function labelTerm(selector: Selector): string | undefined {
  if (selector.operator !== '==') return undefined;
  const [field, ...parts] = selector.path;
  const label = parts.join('.'); // labels have dots in their names
  if (field !== 'labels' || parts.length === 0 || NOT_INDEXED.test(label)) return undefined;
  return termOf(label, selector.value);
}

const termOf = (label: string, value: string): string => `${label.length}:${label}=${value}`;
