import { metadataErrors } from './errors.ts';
import { isIdentifier } from './identifiers.ts';
import type { Pages } from './pages.ts';
import { ALL_KEYS } from './record.ts';

/**
 * Every namespace of a store that holds a record: seeks from one pair of collection and namespace to the next. `metadata.damaged`
 * where one can't be any: what it holds would be missed where it belongs.
 */
export function namespacesIn(pages: Pages): readonly string[] {
  const found = new Set<string>();
  let { start } = ALL_KEYS;
  for (;;) {
    const [entry] = pages.chunk({ start, end: ALL_KEYS.end }, false, 1);
    if (entry === undefined) return [...found].sort();
    const { key } = entry;
    const collectionEnd = key.indexOf('\0');
    const namespaceEnd = key.indexOf('\0', collectionEnd + 1);
    // The store's own records have no namespace.
    if (namespaceEnd > collectionEnd + 1) found.add(namespaceOf(key, collectionEnd + 1, namespaceEnd));
    // A key of ours has both; from behind any other one it goes on all the same.
    start = namespaceEnd < 0 ? `${key}\0` : `${key.slice(0, namespaceEnd)}\u0001`;
  }
}

function namespaceOf(key: string, start: number, end: number): string {
  const namespace = key.slice(start, end);
  if (!isIdentifier(namespace)) throw metadataErrors.damaged(`the record ${JSON.stringify(key)} is of no namespace that there can be`);
  return namespace;
}
