import { SNAPSHOTS_BY_LABEL } from './label-indexes.ts';
import { defineCollection, type StoreName, type Transaction } from './store.ts';

/** `gc.ref.<type>`, `gc.bref.<type>`, and behind a dot or a slash a name that tells several apart. */
const REFERENCE = /^gc\.(b?)ref\.([a-z][a-z0-9_]*)(?:[./].+)?$/;

type Way = { readonly from: string; readonly to: string };

const waysOf = (store: StoreName) => ({
  references: defineCollection<Way>(store, 'gc_references'),
  referrers: defineCollection<Way>(store, 'gc_referrers'),
});
const WAYS = { root: waysOf('root'), state: waysOf('state') };

/**
 * Stores both ways what labels of snapshots refer to, as schema 3 has it: programs of before kept such labels and followed none.
 * Collection goes by what is stored, and would free what the labels keep. A step by itself, which later changes of garbage
 * collection don't change.
 */
export function storeLabelReferences(tx: Transaction): void {
  for (const namespace of tx.namespaces()) storeIn(tx.in(namespace));
}

function storeIn(tx: Transaction): void {
  const { references, referrers } = WAYS[tx.store];
  for (const [name, { labels }] of tx.entries(SNAPSHOTS_BY_LABEL[tx.store].collection)) {
    for (const { from, to, owner } of referencesOf(name, labels)) {
      tx.put(references, `${from}\0${to}\0${owner}`, { from, to });
      tx.put(referrers, `${to}\0${from}\0${owner}`, { from, to });
    }
  }
}

function referencesOf(name: string, labels: Readonly<Record<string, string>>): readonly (Way & { readonly owner: 'from' | 'to' })[] {
  return Object.entries(labels).flatMap(([label, key]) => {
    const [, back, type] = REFERENCE.exec(label) ?? [];
    const other = `${type}/${key}`;
    if (type === undefined || key === '' || other === name || !canStand(name, other)) return [];
    return [back === '' ? { from: name, to: other, owner: 'from' } : { from: other, to: name, owner: 'to' }];
  });
}

/** Longer keys the store doesn't take. */
const MAX_BYTES = 1024 - '\0\0from'.length;

/** Whether two names can stand in the record of a reference, which separates them by zero bytes. */
const canStand = (one: string, other: string): boolean =>
  !`${one}${other}`.includes('\0') && Buffer.byteLength(one) + Buffer.byteLength(other) <= MAX_BYTES;
