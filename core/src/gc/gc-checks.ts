import { damagedRecords, defineStoreCheck, type Disagreement, REPAIR, RESTORE } from '../metadata/store-checks.ts';
import type { ReadTransaction } from '../metadata/store.ts';
import { CONDEMNED, malformedCondemned } from './condemned.ts';
import { KNOWN_TYPES } from './known-types.ts';
import { DAMAGED_REFERENCE, REFERENCE_COLLECTIONS } from './references.ts';

defineStoreCheck('condemned', function* (tx) {
  yield* damagedRecords(tx, CONDEMNED[tx.store], KNOWN_TYPES[tx.store]);
  for (const name of malformedCondemned(tx)) {
    yield { what: `${JSON.stringify(name)} is condemned and names no resource`, means: 'it is never cleaned up', remedy: RESTORE };
  }
});

/** Either way of a reference tells what the other one was; the one that is missing is made, which keeps rather than frees. */
defineStoreCheck('references', function* (tx) {
  const { references, referrers } = REFERENCE_COLLECTIONS[tx.store];
  yield* damagedRecords(tx, references, referrers);
  yield* checkWay(tx, 'references');
  yield* checkWay(tx, 'referrers');
});

type Way = keyof (typeof REFERENCE_COLLECTIONS)['state'];

function* checkWay(tx: ReadTransaction, way: Way): Iterable<Disagreement> {
  const ways = REFERENCE_COLLECTIONS[tx.store];
  const other = ways[way === 'references' ? 'referrers' : 'references'];
  for (const [key, reference] of tx.entries(ways[way], {}, DAMAGED_REFERENCE)) {
    if (reference === DAMAGED_REFERENCE) continue;
    const { from, to } = reference;
    const owner = key.slice(key.lastIndexOf('\0') + 1);
    const [here, back] = [`${from}\0${to}\0${owner}`, `${to}\0${from}\0${owner}`];
    if (key !== (way === 'references' ? here : back)) {
      yield { what: `a reference from ${from} to ${to} lies in another's place`, means: 'collection may not find it', remedy: RESTORE };
      continue;
    }
    const mirror = way === 'references' ? back : here;
    if (tx.has(other, mirror)) continue;
    yield {
      what: `a label's reference from ${from} to ${to} is stored one way only`,
      means: 'collections may decide differently about them',
      remedy: REPAIR,
      mend: (writer) => writer.put(other, mirror, { from, to }),
    };
  }
}
