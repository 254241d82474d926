import { EXPIRE_LABEL } from '../leases/expiry.ts';
import type { Labels } from '../metadata/labels.ts';
import type { Transaction } from '../metadata/store.ts';
import type { Gc, Node } from './gc.ts';
import type { LabelUse } from './label-use.ts';
import { expiryOf, type LabelReference, referencesOf, ROOT_LABEL } from './labels.ts';
import { nodeName } from './node.ts';
import { deleteReference, writeReference } from './references.ts';

const KEEPERS = [ROOT_LABEL, EXPIRE_LABEL];

/** See `Gc.relabel`. */
export function relabel(
  gc: Pick<Gc, 'trigger' | 'wakeAt'>,
  use: Pick<LabelUse, 'begin'>,
  tx: Transaction,
  node: Node,
  before: Labels,
  after: Labels | undefined,
): void {
  const now = after ?? {};
  const [former, wanted] = [referencesOf(node, before), referencesOf(node, now)];
  if (wanted.length > 0) use.begin();
  const lost = relink(tx, former, wanted);
  if (after !== undefined && KEEPERS.some((label) => before[label] !== undefined && after[label] === undefined)) lost.push(node);
  if (lost.length > 0) gc.trigger(tx, lost);
  if (now[EXPIRE_LABEL] === before[EXPIRE_LABEL]) return;
  const expiry = expiryOf(now);
  if (expiry !== undefined) gc.wakeAt(tx, expiry);
}

/** Stores what has changed; returns the nodes that something referred to no longer. */
function relink(tx: Transaction, before: readonly LabelReference[], after: readonly LabelReference[]): Node[] {
  if (before.length === 0 && after.length === 0) return [];
  const kept = new Set(after.map(nameOf));
  const known = new Set(before.map(nameOf));
  for (const reference of after) if (!known.has(nameOf(reference))) writeReference(tx, reference);
  const lost = before.filter((reference) => !kept.has(nameOf(reference)));
  for (const reference of lost) deleteReference(tx, reference);
  return lost.map(({ to }) => to);
}

const nameOf = ({ from, to, owner }: LabelReference): string => `${nodeName(from)}\0${nodeName(to)}\0${owner}`;
