/**
 * References by label, in the store of whoever has the label: both ways, so that a decision about one node needs no
 * look at others, and readable while the plugin of either end is off.
 *
 * ```
 * gc_references/<from>\0<to>\0<from|to>  → StoredReference     from, to: type/key; the last part: who has the label
 * gc_referrers/<to>\0<from>\0<from|to>   → StoredReference
 * ```
 */
import { isJsonObject } from '../json.ts';
import { type Collection, defineCollection, type ReadTransaction, type StoreName, type Transaction } from '../metadata/store.ts';
import { gcErrors } from './errors.ts';
import type { Node } from './gc.ts';
import type { LabelReference } from './labels.ts';
import { nodeName, parseNode } from './node.ts';

type StoredReference = { readonly from: string; readonly to: string };

interface ReferenceCollections {
  readonly references: Collection<StoredReference>;
  readonly referrers: Collection<StoredReference>;
}

const isReference = (value: unknown): value is StoredReference =>
  isJsonObject(value) && typeof value['from'] === 'string' && typeof value['to'] === 'string';

const collectionsOf = (store: StoreName): ReferenceCollections => ({
  references: defineCollection(store, 'gc_references', isReference),
  referrers: defineCollection(store, 'gc_referrers', isReference),
});

const COLLECTIONS: Readonly<Record<StoreName, ReferenceCollections>> = { root: collectionsOf('root'), state: collectionsOf('state') };
/** For checks. */
export { COLLECTIONS as REFERENCE_COLLECTIONS };

export function writeReference(tx: Transaction, reference: LabelReference): void {
  const { from, to, owner } = named(reference);
  if (from.includes('\0') || to.includes('\0'))
    throw gcErrors.invalidReference(`a label refers from ${JSON.stringify(from)} to ${JSON.stringify(to)}: a key has a zero byte`);
  const { references, referrers } = COLLECTIONS[tx.store];
  tx.put(references, `${from}\0${to}\0${owner}`, { from, to });
  tx.put(referrers, `${to}\0${from}\0${owner}`, { from, to });
}

/** Whether it is stored, at least one way. */
export function hasReference(tx: ReadTransaction, reference: LabelReference): boolean {
  const { from, to, owner } = named(reference);
  const { references, referrers } = COLLECTIONS[tx.store];
  return isIn(tx, references, `${from}\0${to}\0${owner}`) || isIn(tx, referrers, `${to}\0${from}\0${owner}`);
}

/** Labels may name what is too long for a key, which is nowhere then. */
function isIn(tx: ReadTransaction, collection: Collection<StoredReference>, key: string): boolean {
  const [found] = tx.keys(collection, { prefix: key, limit: 1 });
  return found === key;
}

export function deleteReference(tx: Transaction, reference: LabelReference): void {
  const { from, to, owner } = named(reference);
  const { references, referrers } = COLLECTIONS[tx.store];
  tx.delete(references, `${from}\0${to}\0${owner}`);
  tx.delete(referrers, `${to}\0${from}\0${owner}`);
}

/** What labels in this store say that a node refers to. */
export const labelledReferences = (tx: ReadTransaction, node: Node): readonly Node[] =>
  distinct(scan(tx, COLLECTIONS[tx.store].references, node).map(([, { to }]) => to));

/** What labels in this store say that refers to a node. */
export const labelledReferrers = (tx: ReadTransaction, node: Node): readonly Node[] =>
  distinct(scan(tx, COLLECTIONS[tx.store].referrers, node).map(([, { from }]) => from));

/** Deletes the references that a node's own labels have made, when it goes. */
export function dropReferences(tx: Transaction, node: Node): void {
  const { references, referrers } = COLLECTIONS[tx.store];
  for (const [key, { to, from }] of scan(tx, references, node)) {
    if (!key.endsWith('\0from')) continue;
    tx.delete(references, key);
    tx.delete(referrers, `${to}\0${from}\0from`);
  }
  for (const [key, { to, from }] of scan(tx, referrers, node)) {
    if (!key.endsWith('\0to')) continue;
    tx.delete(referrers, key);
    tx.delete(references, `${from}\0${to}\0to`);
  }
}

/** Stands for a record that can't be read, where the others must be looked at all the same: it names no nodes. */
export const DAMAGED_REFERENCE: StoredReference = { from: '', to: '' };

/** Whether there is any in a store and namespace. */
export function hasReferences(tx: ReadTransaction): boolean {
  for (const _key of tx.keys(COLLECTIONS[tx.store].references, { limit: 1 })) return true;
  return false;
}

/** All of a store and namespace; full names. */
export function* allReferences(tx: ReadTransaction): Iterable<StoredReference> {
  for (const [, reference] of tx.entries(COLLECTIONS[tx.store].references)) yield reference;
}

/** The same with who has the label. Leaves out those that can't be read or name no node. */
export function* storedReferences(tx: ReadTransaction): Iterable<LabelReference> {
  for (const [key, reference] of tx.entries(COLLECTIONS[tx.store].references, {}, DAMAGED_REFERENCE)) {
    const [from, to] = [parseNode(reference.from), parseNode(reference.to)];
    if (from !== undefined && to !== undefined) yield { from, to, owner: key.endsWith('\0to') ? 'to' : 'from' };
  }
}

function scan(
  tx: ReadTransaction,
  collection: Collection<StoredReference>,
  node: Node,
): readonly (readonly [key: string, reference: StoredReference])[] {
  return [...tx.entries(collection, { prefix: `${nodeName(node)}\0` })];
}

const distinct = (names: readonly string[]): readonly Node[] =>
  names.length === 0 ? [] : [...new Set(names)].map(parseNode).filter((node) => node !== undefined);

const named = ({ from, to, owner }: LabelReference) => ({ from: nodeName(from), to: nodeName(to), owner });
