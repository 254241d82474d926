import type { Pages } from './pages.ts';

const AFTER_ALL = Buffer.of(0xff);

/** Every collection that holds a record of a namespace, sorted: two seeks for each collection of the store, whatever they hold. */
export function collectionsIn(pages: Pages, namespace: string): readonly string[] {
  const found: string[] = [];
  let start: Buffer = Buffer.of(0);
  for (;;) {
    const [entry] = pages.chunk({ start, end: AFTER_ALL }, false, 1);
    if (entry === undefined) return found;
    const { key } = entry;
    const end = key.indexOf(0);
    if (end < 0) {
      start = Buffer.concat([key, Buffer.of(0)]); // no key of ours, and not to be stumbled over
      continue;
    }
    const name = key.subarray(0, end);
    const prefix = Buffer.concat([name, Buffer.from(`\0${namespace}\0`)]);
    const [inside] = pages.chunk({ start: prefix, end: Buffer.concat([prefix, AFTER_ALL]) }, false, 1);
    if (inside !== undefined) found.push(name.toString('utf8'));
    start = Buffer.concat([name, Buffer.of(1)]);
  }
}
