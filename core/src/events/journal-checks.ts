import { DEFAULT_NAMESPACE } from '../metadata/store.ts';
import { defineStoreCheck, RESTORE } from '../metadata/store-checks.ts';
import { EVENTS, isReadable } from './journal.ts';

/** The journal of all namespaces is in one of them. */
defineStoreCheck('journal', function* (tx) {
  if (tx.namespace !== DEFAULT_NAMESPACE) return;
  for (const [cursor, record] of tx.entries(EVENTS[tx.store])) {
    if (isReadable(cursor, record)) continue;
    yield {
      what: `${JSON.stringify(cursor.slice(0, 40))} in the journal is damaged`,
      means: 'whoever reads the journal over it is refused',
      remedy: RESTORE,
    };
  }
});
