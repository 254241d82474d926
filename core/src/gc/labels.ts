/** What labels mean to garbage collection, on whatever has them. */
import { EXPIRE_LABEL } from '../leases/expiry.ts';
import type { Labels } from '../metadata/labels.ts';
import { parseTime } from '../metadata/rfc3339.ts';
import type { Node } from './gc.ts';
import { nodeName } from './node.ts';

/** Keeps a resource alive by itself, whatever its value. */
export const ROOT_LABEL = 'gc.root';

/** `gc.ref.<type>`, and behind a dot or a slash a name that tells several apart. Types hold neither. */
const REFERENCE = /^gc\.(b?)ref\.([a-z][a-z0-9_]*)(?:[./]|$)/;

/** When the labels stop keeping it alive: undefined where they don't by themselves. */
export function expiryOf(labels: Labels): number | undefined {
  const text = labels[EXPIRE_LABEL];
  return text === undefined ? undefined : parseTime(text);
}

export function keptByLabels(labels: Labels, now: number): boolean {
  if (labels[ROOT_LABEL] !== undefined) return true;
  if (labels[EXPIRE_LABEL] === undefined) return false;
  const at = expiryOf(labels);
  return at === undefined || at > now;
}

/** A reference that a label makes. `owner` has the label: it is `from`, or `to` of a back reference. */
export interface LabelReference {
  readonly from: Node;
  readonly to: Node;
  readonly owner: 'from' | 'to';
}

const NONE: readonly LabelReference[] = [];

/** What a node's labels refer to, and what they say refers to it. Nothing is allocated where there is nothing. */
export function referencesOf(node: Node, labels: Labels): readonly LabelReference[] {
  let found: LabelReference[] | undefined;
  for (const label in labels) {
    if (!label.startsWith('gc.ref.') && !label.startsWith('gc.bref.')) continue;
    const [, back, type] = REFERENCE.exec(label) ?? [];
    const key = labels[label];
    if (type === undefined || key === undefined || key === '') continue;
    const other = { type, key };
    if (nodeName(other) === nodeName(node)) continue;
    (found ??= []).push(back === '' ? { from: node, to: other, owner: 'from' } : { from: other, to: node, owner: 'to' });
  }
  return found ?? NONE;
}
