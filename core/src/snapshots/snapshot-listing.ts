import { fieldsOf, type Filter, type Selector } from '../filters/index.ts';
import { parseNode } from '../gc/node.ts';
import { compareKeys } from '../metadata/key-order.ts';
import { labelTerm } from '../metadata/label-index.ts';
import type { Listing } from '../metadata/listing.ts';
import { commonValue, type KeySource, planScan } from '../metadata/plan-scan.ts';
import type { Snapshot } from '../metadata/snapshots.ts';
import type { ReadTransaction } from '../metadata/store.ts';
import {
  namesByLabel,
  namesByParent,
  readAllRecords,
  readRecord,
  readRecords,
  type SnapshotRecord,
  toSnapshot,
} from './snapshot-records.ts';

type Row = readonly [name: string, record: SnapshotRecord];

/** Longer names are nobody's. */
const MAX_NAME_BYTES = 1024;

/** The snapshots of the transaction's store and namespace, by their names `type/key`. */
export const snapshotListing = (tx: ReadTransaction): Listing<SnapshotRecord, Snapshot> => ({
  name: 'snapshots',
  scan(filters, after) {
    const names = planScan(filters, (selector) => indexed(tx, selector));
    return names === undefined ? scanned(tx, filters, after) : existing(tx, names(after));
  },
  fields: (name, record) => fieldsOf({ ...itemOf(tx, name, record), name, parent: record.parents[0] ?? '' }),
  item: (name, record) => itemOf(tx, name, record),
});

/** What has a label, what stands on a parent, or one by its name. */
function indexed(tx: ReadTransaction, selector: Selector): KeySource | undefined {
  const term = labelTerm(selector);
  if (term !== undefined) return (after) => namesByLabel(tx, term, after);
  if (selector.operator !== '==' || selector.path.length !== 1) return undefined;
  const { value } = selector;
  const isName = parseNode(value) !== undefined && value.isWellFormed() && Buffer.byteLength(value) <= MAX_NAME_BYTES;
  switch (selector.path[0]) {
    case 'parent':
    case 'parents':
      if (value === '') return undefined; // asks for what stands on nothing
      return (after) => (isName ? namesByParent(tx, value, after) : []);
    case 'name':
      return (after) => (isName && (after === undefined || compareKeys(value, after) > 0) ? [value] : []);
    case undefined:
    default:
      return undefined;
  }
}

function scanned(tx: ReadTransaction, filters: readonly Filter[], after: string | undefined): Iterable<Row> {
  const type = commonValue(filters, 'type');
  if (type === undefined) return readAllRecords(tx, after);
  const prefix = `${type}/`;
  if (after === undefined || after.startsWith(prefix)) return readRecords(tx, prefix, after);
  return compareKeys(prefix, after) > 0 ? readRecords(tx, prefix) : [];
}

function* existing(tx: ReadTransaction, names: Iterable<string>): Iterable<Row> {
  for (const name of names) {
    const node = parseNode(name);
    const record = node && readRecord(tx, node);
    if (record !== undefined) yield [name, record];
  }
}

const itemOf = (tx: ReadTransaction, name: string, record: SnapshotRecord): Snapshot =>
  toSnapshot(tx.namespace, parseNode(name) ?? { type: '', key: name }, record);
