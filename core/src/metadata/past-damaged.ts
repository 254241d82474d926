import type { HawserError } from '../errors/index.ts';
import { metadataErrors } from './errors.ts';
import { compareKeys } from './key-order.ts';

/** A record by its key, or why it can't be read. */
export type Row<R> =
  | readonly [key: string, record: R, refusal?: undefined]
  | readonly [key: string, record: undefined, refusal: HawserError];

/**
 * A scan, from behind a key on, that goes on behind each damaged record. `keyOf` makes its keys of the store's, which they are unless told.
 */
export function* pastDamaged<R>(
  scan: (after: string | undefined) => Iterable<readonly [key: string, record: R]>,
  keyOf: (stored: string) => string = (stored) => stored,
  start?: string,
): Iterable<Row<R>> {
  let from = start;
  for (;;) {
    try {
      for (const row of scan(from)) {
        from = row[0];
        yield row;
      }
      return;
    } catch (error) {
      if (!metadataErrors.damaged.is(error)) throw error;
      const { key: stored } = error.details;
      const key = typeof stored === 'string' ? keyOf(stored) : '';
      // Whoever went on behind one that lies before would meet it again and again.
      if (key === '' || (from !== undefined && compareKeys(key, from) <= 0)) throw error;
      from = key;
      yield [key, undefined, error];
    }
  }
}
