import { adoptNamespaces, isNamespace, NAMESPACE_RECORDS } from './namespace-records.ts';
import { damagedRecords, defineStoreCheck, REPAIR } from './store-checks.ts';

/** The root store's own; of the state store nothing by itself tells which namespaces there are. Opening both takes in what is found. */
defineStoreCheck('namespaces', function* (tx) {
  const { store, namespace } = tx;
  if (store === 'root') yield* damagedRecords(tx, NAMESPACE_RECORDS);
  if (store !== 'root' || isNamespace(tx, namespace)) return;
  yield {
    what: `the namespace ${namespace} holds records and has none itself`,
    means: 'nothing can be written into it before the agent starts anew, and it is not listed',
    remedy: REPAIR,
    mend: (writer) => void adoptNamespaces(writer, [namespace]),
  };
});
