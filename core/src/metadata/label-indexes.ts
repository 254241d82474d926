import { type Index, indexesOf } from './indexes.ts';
import { defineLabelIndex } from './label-index.ts';
import type { Labels } from './labels.ts';
import { defineCollection, type StoreName, type Transaction } from './store.ts';

type Labelled = { readonly labels: Labels };

const labelIndexOf = (store: StoreName, name: string): Index<Labelled> => defineLabelIndex(defineCollection<Labelled>(store, name));

/** Declared here, below the rooms that write them, because a migration makes them for the stores that have none. */
export const SNAPSHOTS_BY_LABEL: Readonly<Record<StoreName, Index<Labelled>>> = {
  root: labelIndexOf('root', 'snapshots'),
  state: labelIndexOf('state', 'snapshots'),
};
export const LEASES_BY_LABEL: Readonly<Record<StoreName, Index<Labelled>>> = {
  root: labelIndexOf('root', 'leases'),
  state: labelIndexOf('state', 'leases'),
};

/** Makes all of a store's indexes anew, in every namespace. */
export function rebuildIndexes(tx: Transaction): void {
  for (const namespace of tx.namespaces()) for (const index of indexesOf(tx.store)) index.rebuild(tx.in(namespace));
}
