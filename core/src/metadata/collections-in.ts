import type { Pages } from './pages.ts';
import { ALL_KEYS } from './record.ts';

/** Every collection that holds a record of a namespace, sorted: two seeks for each collection of the store, whatever they hold. */
export function collectionsIn(pages: Pages, namespace: string): readonly string[] {
  const found: string[] = [];
  let { start } = ALL_KEYS;
  for (;;) {
    const [entry] = pages.chunk({ start, end: ALL_KEYS.end }, false, 1);
    if (entry === undefined) return found;
    const end = entry.key.indexOf('\0');
    if (end < 0) {
      start = `${entry.key}\0`; // no key of ours, and not to be stumbled over
      continue;
    }
    const name = entry.key.slice(0, end);
    const prefix = `${name}\0${namespace}`;
    const [inside] = pages.chunk({ start: `${prefix}\0`, end: `${prefix}\u0001` }, false, 1);
    if (inside !== undefined) found.push(name);
    start = `${name}\u0001`;
  }
}
