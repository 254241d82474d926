import { fieldsOf, type Filter, type Selector } from '../filters/index.ts';
import { parseNode } from '../gc/node.ts';
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
  fields: (name, record) => fieldsOf({ ...itemOf(tx, name, record), name, parent: record.parents[0] }),
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
      return (after) => (isName ? namesByParent(tx, value, after) : []);
    case 'name':
      return (after) => (isName && (after === undefined || isBehind(value, after)) ? [value] : []);
    case undefined:
    default:
      return undefined;
  }
}

function scanned(tx: ReadTransaction, filters: readonly Filter[], after: string | undefined): Iterable<Row> {
  const type = commonValue(filters, 'type');
  if (type === undefined || !type.isWellFormed() || type.length > MAX_NAME_BYTES) return readAllRecords(tx, after);
  const prefix = `${type}/`;
  if (after === undefined || after.startsWith(prefix)) return readRecords(tx, prefix, after);
  return isBehind(prefix, after) ? readRecords(tx, prefix) : [];
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

/** As the store sorts. */
const isBehind = (name: string, other: string): boolean => Buffer.compare(Buffer.from(name), Buffer.from(other)) > 0;
