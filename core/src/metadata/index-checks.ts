import { indexesOf } from './indexes.ts';
import './label-indexes.ts';
import { defineStoreCheck, REPAIR } from './store-checks.ts';

defineStoreCheck('indexes', function* (tx) {
  for (const { name, check, rebuild } of indexesOf(tx.store)) {
    const { missing, stale } = check(tx);
    if (missing.length + stale.length === 0) continue;
    yield {
      what: `the index ${name} lacks ${missing.length} entries and has ${stale.length} too many`,
      means: 'lists with a filter that it serves leave out records',
      remedy: REPAIR,
      mend: rebuild,
    };
  }
});
