/**
 * What `hawser db check` asks beyond each record by itself: whether records that speak of one another agree. Each room declares
 * its checks beside its records, and who runs them loads the rooms.
 */
import { toHawserError } from '../errors/index.ts';
import { metadataErrors } from './errors.ts';
import type { Collection, ReadTransaction, Transaction } from './store.ts';

/** Two records of a namespace, or a record and one that is not there, that contradict each other. */
export interface Disagreement {
  /** What is wrong, as a clause. */
  readonly what: string;
  /** What comes of it, as a clause. */
  readonly means: string;
  /** What to do, in the imperative. */
  readonly remedy: string;
  /** Makes anew what follows from other records; absent where nothing else tells what was there. Gets a transaction of the namespace. */
  readonly mend?: (tx: Transaction) => void;
}

/** A disagreement, where it was found, and by which check. */
export interface FoundDisagreement extends Disagreement {
  readonly check: string;
  readonly namespace: string;
}

type Check = (tx: ReadTransaction) => Iterable<Disagreement>;

const registry = new Map<string, Check>();

/** What to do about all that is derived. */
export const REPAIR = 'Stop the agent and run `hawser db check --repair`.';
/** What to do where nothing else tells what was there. */
export const RESTORE =
  'Restore a backup with `hawser db restore`. For the state store, which seldom has one, drain the node and restart it: each boot begins with a new one.';

/** Declares a check of one namespace of one store, and registers it; names are unique. */
export function defineStoreCheck(name: string, check: Check): void {
  if (registry.has(name)) throw new TypeError(`there is a check ${name} already`);
  registry.set(name, check);
}

/** What `read` reads; undefined too where the record is damaged, which must not hide what others have. */
export function ifSound<T>(read: () => T): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!metadataErrors.damaged.is(error)) throw error;
    return undefined;
  }
}

/** The records of these collections that nobody can read, each by itself. */
export function* damagedRecords(tx: ReadTransaction, ...collections: readonly Collection[]): Iterable<Disagreement> {
  for (const collection of collections) {
    for (const key of tx.keys(collection)) {
      if (ifSound(() => tx.get(collection, key)) === undefined)
        yield { what: `${JSON.stringify(key)} in ${collection.name} is damaged`, means: 'whoever reads it is refused', remedy: RESTORE };
    }
  }
}

/** What all registered checks find, in every namespace of a store. */
export const findDisagreements = (tx: ReadTransaction): readonly FoundDisagreement[] =>
  tx.namespaces().flatMap((namespace) => Array.from(registry).flatMap(([name, check]) => found(name, check, tx.in(namespace))));

/** A check that meets a record of another form says so behind what it has found, and harms no other. */
function found(name: string, check: Check, tx: ReadTransaction): readonly FoundDisagreement[] {
  const { namespace } = tx;
  const disagreements: FoundDisagreement[] = [];
  try {
    for (const disagreement of check(tx)) disagreements.push({ check: name, namespace, ...disagreement });
  } catch (error) {
    const what = `${name} can't be checked: ${toHawserError(error).message}`;
    disagreements.push({ check: name, namespace, what, means: 'a record is not of the form that its writers give it', remedy: RESTORE });
  }
  return disagreements;
}
