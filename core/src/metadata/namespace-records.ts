/**
 * ```
 * namespaces/<name> → NamespaceRecord        in the namespace `default` of the root store
 * ```
 *
 * A transaction that writes into a namespace looks for its record in the root store; a deletion looks into both stores,
 * within a transaction of the root store. No more is needed: one thread writes both stores, and each transaction is
 * committed before the next one of either store begins. So a writer comes before that look, and is found, or after the
 * commit of the deletion, and is refused. A death leaves the deletion done or not begun, for it is one transaction.
 */
import { isJsonObject, isTexts } from '../json.ts';
import { checkIdentifier, isIdentifier } from './identifiers.ts';
import type { Labels } from './labels.ts';
import { metadataErrors } from './errors.ts';
import type { Pages } from './pages.ts';
import { encodeKey } from './record.ts';
import { type Collection, DEFAULT_NAMESPACE, defineCollection, type ReadTransaction, type Transaction } from './store.ts';

export type NamespaceRecord = {
  readonly labels: Labels;
};

const isNamespaceRecord = (value: unknown): value is NamespaceRecord => isJsonObject(value) && isTexts(value['labels']);

const NAMESPACES: Collection<NamespaceRecord> = defineCollection('root', 'namespaces', isNamespaceRecord);
/** For checks. */
export { NAMESPACES as NAMESPACE_RECORDS };

/** Undefined where there is none; `metadata.invalid_namespace` where there can't be one. */
export function readNamespace(tx: ReadTransaction, name: string): NamespaceRecord | undefined {
  checkIdentifier(name, 'a namespace', metadataErrors.invalidNamespace);
  return tx.in(DEFAULT_NAMESPACE).get(NAMESPACES, name);
}

/** Whether there is one of this name. */
export const isNamespace = (tx: ReadTransaction, name: string): boolean =>
  isIdentifier(name) && tx.in(DEFAULT_NAMESPACE).has(NAMESPACES, name);

/** By name, from behind `after` on. */
export const readNamespaces = (tx: ReadTransaction, after?: string): Iterable<readonly [name: string, record: NamespaceRecord]> =>
  tx.in(DEFAULT_NAMESPACE).entries(NAMESPACES, after === undefined ? {} : { start: `${after}\0` });

export const writeNamespace = (tx: Transaction, name: string, record: NamespaceRecord): void =>
  tx.in(DEFAULT_NAMESPACE).put(NAMESPACES, name, record);

export const deleteNamespace = (tx: Transaction, name: string): void => void tx.in(DEFAULT_NAMESPACE).delete(NAMESPACES, name);

/** Gives a record to each of these that has none, and says to which. */
export function adoptNamespaces(tx: Transaction, names: Iterable<string>): readonly string[] {
  const adopted = withoutRecord(tx, names);
  for (const name of adopted) writeNamespace(tx, name, { labels: {} });
  return adopted;
}

/** Those of these names that no namespace has. */
export const withoutRecord = (tx: ReadTransaction, names: Iterable<string>): readonly string[] =>
  [...new Set(names)].filter((name) => isIdentifier(name) && !isNamespace(tx, name));

/** Asks the root store's pages, which see what the transaction that is open has written. */
export const namespaceLookUp =
  (root: () => Pick<Pages, 'get'>) =>
  (name: string): boolean =>
    root().get(encodeKey(NAMESPACES, name)) !== undefined;
