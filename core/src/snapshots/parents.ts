import type { Gc, Node } from '../gc/gc.ts';
import { parseNode } from '../gc/node.ts';
import type { ReadTransaction, Transaction } from '../metadata/store.ts';
import { snapshotErrors } from './errors.ts';
import { linkParent, readRecord } from './snapshot-records.ts';

/** Whether parents that are asked for are those that it has. */
export function isSame(wanted: readonly string[], parents: readonly string[]): boolean {
  const names = new Set(wanted);
  return names.size === parents.length && parents.every((parent) => names.has(parent));
}

/** Parents must be there, committed, and not about to go. */
export function checkParents(tx: ReadTransaction, gc: Pick<Gc, 'isCondemned'>, parents: readonly string[]): void {
  for (const parent of parents) checkParent(tx, gc, parent);
}

function checkParent(tx: ReadTransaction, gc: Pick<Gc, 'isCondemned'>, name: string): void {
  const parent = parseNode(name);
  const record = parent && readRecord(tx, parent);
  const details = { parent: name };
  if (parent === undefined || record === undefined) throw snapshotErrors.notFound(`there is no parent ${name}`, { details });
  if (record.kind !== 'committed') throw snapshotErrors.invalidParent(`parent ${name} is ${record.kind}, not committed`, { details });
  if (gc.isCondemned(tx, parent)) throw snapshotErrors.invalidParent(`parent ${name} is being removed`, { details });
}

export function linkParents(tx: Transaction, parents: readonly string[], child: Node): void {
  for (const parent of parents) linkParent(tx, parent, child);
}
