import { parseNode } from '../gc/node.ts';
import { damagedRecords, defineStoreCheck, ifSound, REPAIR } from '../metadata/store-checks.ts';
import { namespaceOf, OBJECT_RECORDS, readObject, writeObject } from './backend-objects.ts';
import { readAllSound } from './sound-records.ts';

/**
 * A snapshot with a backend has an object, which the store knows; an object without a snapshot is garbage, and no damage. Nothing in
 * the store says which types have a backend: ids of objects are of a form that nothing else has.
 */
defineStoreCheck('snapshot_objects', function* (tx) {
  yield* damagedRecords(tx, OBJECT_RECORDS[tx.store]);
  for (const [name, record] of readAllSound(tx)) {
    const [node, id] = [parseNode(name), record?.data['id']];
    if (node === undefined || record === undefined || typeof id !== 'string' || record.data['place'] === undefined) continue;
    if (namespaceOf(id) !== tx.namespace) continue;
    const { type, key } = node;
    if (ifSound(() => readObject(tx, type, id))?.key === key) continue;
    yield {
      what: `${name} has the object ${id}, which the store does not know as its own`,
      means: 'the next start would take it for an orphan and remove it',
      remedy: REPAIR,
      mend: (writer) => writeObject(writer, type, id, { key, since: record.createdAt }),
    };
  }
});
