import type { Pages } from './pages.ts';

const AFTER_ALL = Buffer.of(0xff);

/** Every namespace of a store that holds a record: seeks from one pair of collection and namespace to the next. */
export function namespacesIn(pages: Pages): readonly string[] {
  const found = new Set<string>();
  let start: Buffer = Buffer.of(0);
  for (;;) {
    const [entry] = pages.chunk({ start, end: AFTER_ALL }, false, 1);
    if (entry === undefined) return [...found].sort();
    const { key } = entry;
    const collectionEnd = key.indexOf(0);
    const namespaceEnd = key.indexOf(0, collectionEnd + 1);
    // The store's own records have no namespace.
    if (namespaceEnd > collectionEnd + 1) found.add(key.toString('utf8', collectionEnd + 1, namespaceEnd));
    // A key of ours has both; from behind any other one it goes on all the same.
    start = namespaceEnd < 0 ? Buffer.concat([key, Buffer.of(0)]) : Buffer.concat([key.subarray(0, namespaceEnd), Buffer.of(1)]);
  }
}
