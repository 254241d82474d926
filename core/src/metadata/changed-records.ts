import type { Environment } from './environment.ts';
import { withoutFlippedBit } from './flipped-bit.ts';
import { NOT_AS_WRITTEN, recordOf } from './record.ts';
import { defineCollection, type StoreName } from './store.ts';
import { type FoundDisagreement, REPAIR, RESTORE } from './store-checks.ts';

/** So many are looked into for what they were: each takes some milliseconds. Where there are more, a backup is what helps. */
const MOST_TRIED = 100;

/** Tells of records that are not what was written, by their whole keys; of each of which one bit has changed, what it was. */
export const changedRecords = (store: StoreName, environment: Environment, keys: readonly string[]): readonly FoundDisagreement[] =>
  keys.map((key, index) => {
    const written = index < MOST_TRIED ? asWritten(environment, key) : undefined;
    const { collection, namespace, key: own } = recordOf(key);
    const found = {
      check: 'checksums',
      namespace,
      what: `the record ${JSON.stringify(own)} of ${collection} ${NOT_AS_WRITTEN}`,
      means: written === undefined ? 'whoever reads it is refused' : 'whoever reads it is refused; one bit of it has changed',
    };
    if (written === undefined) return { ...found, remedy: RESTORE };
    return { ...found, remedy: REPAIR, mend: (tx) => tx.put(defineCollection(store, collection), own, JSON.parse(written)) };
  });

function asWritten(environment: Environment, key: string): string | undefined {
  const text = environment.bytes(key);
  return text && withoutFlippedBit(key, text);
}
