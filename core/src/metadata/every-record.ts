import { metadataErrors } from './errors.ts';
import { compareKeys } from './key-order.ts';
import type { Entry, Pages } from './pages.ts';
import { ALL_KEYS } from './record.ts';

const CHUNK = 512;

/**
 * Every record of a store in order, that of its schema too; what was given out may be changed meanwhile. `metadata.damaged`
 * where the order ends.
 */
export function* everyRecord(pages: Pages): Iterable<Entry> {
  let { start } = ALL_KEYS;
  for (;;) {
    const chunk = pages.chunk({ start, end: ALL_KEYS.end }, false, CHUNK);
    for (const entry of chunk) {
      const { key } = entry;
      if (compareKeys(start, key) > 0) throw metadataErrors.damaged(`the record ${JSON.stringify(key)} stands out of the order of keys`);
      start = `${key}\0`;
      yield entry;
    }
    if (chunk.length === 0) return;
  }
}
