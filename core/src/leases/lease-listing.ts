import { fieldsOf, type Selector } from '../filters/index.ts';
import { isIdentifier } from '../metadata/identifiers.ts';
import { labelTerm } from '../metadata/label-index.ts';
import type { Listing } from '../metadata/listing.ts';
import { type KeySource, planScan } from '../metadata/plan-scan.ts';
import type { ReadTransaction } from '../metadata/store.ts';
import { shownLabels } from './expiry.ts';
import { type LeaseRecord, leasesByLabel, readLeaseRecord, readLeaseRecords, toLease } from './lease-records.ts';
import type { Lease } from './leases.ts';

/** The leases of the transaction's store and namespace. Their resources are read only where somebody asks for them. */
export const leaseListing = (tx: ReadTransaction): Listing<LeaseRecord, Lease> => ({
  name: 'leases',
  scan(filters, after) {
    const ids = planScan(filters, (selector) => indexed(tx, selector));
    return ids === undefined ? readLeaseRecords(tx, after) : existing(tx, ids(after));
  },
  fields: (id, record) => {
    const { store, namespace } = tx;
    const own = fieldsOf({ id, store, namespace, ...record, labels: shownLabels(record) });
    return (path) => (path[0] === 'resources' ? fieldsOf(toLease(tx, id, record))(path) : own(path));
  },
  item: (id, record) => toLease(tx, id, record),
});

function indexed(tx: ReadTransaction, selector: Selector): KeySource | undefined {
  const term = labelTerm(selector);
  if (term !== undefined) return (after) => leasesByLabel(tx, term, after);
  if (selector.operator !== '==' || selector.path.length !== 1 || selector.path[0] !== 'id') return undefined;
  const id = selector.value;
  return (after) => (isIdentifier(id) && (after === undefined || id > after) ? [id] : []);
}

function* existing(tx: ReadTransaction, ids: Iterable<string>): Iterable<readonly [id: string, record: LeaseRecord]> {
  for (const id of ids) {
    const record = readLeaseRecord(tx, id);
    if (record !== undefined) yield [id, record];
  }
}
