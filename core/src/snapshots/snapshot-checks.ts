import { condemnedNodes } from '../gc/condemned.ts';
import { type LabelReference, referencesOf } from '../gc/labels.ts';
import type { Node } from '../gc/gc.ts';
import { nodeName, parseNode } from '../gc/node.ts';
import { deleteReference, hasReference, storedReferences, writeReference } from '../gc/references.ts';
import { defineStoreCheck, type Disagreement, REPAIR, RESTORE } from '../metadata/store-checks.ts';
import type { ReadTransaction } from '../metadata/store.ts';
import { deleteChildLink, hasChildLink, hasRecord, linkParent, readKeys, type SnapshotRecord } from './snapshot-records.ts';
import { childLinks, isDamaged, readAllSound, readSound } from './sound-records.ts';

defineStoreCheck('snapshots', function* (tx) {
  for (const [name, record] of readAllSound(tx)) {
    const node = parseNode(name);
    if (node === undefined || record === undefined) {
      yield {
        what: `${JSON.stringify(name)} is not of the form that a snapshot has`,
        means: 'whoever reads it is refused',
        remedy: RESTORE,
      };
      continue;
    }
    yield* checkParents(tx, node, record);
    yield* checkLabels(tx, node, record);
  }
  yield* checkChildren(tx);
  yield* checkReferences(tx);
});

/** Each parent is there and committed, and knows its child. */
function* checkParents(tx: ReadTransaction, node: Node, { parents }: SnapshotRecord): Iterable<Disagreement> {
  const name = nodeName(node);
  for (const parent of parents) {
    const kind = readSound(tx, parent)?.kind;
    if (kind !== 'committed') {
      yield {
        what: `${name} stands on ${parent}, which is ${kind === undefined ? 'not there' : `${kind} and not committed`}`,
        means: 'what it was made of may be given to others, or may change under it',
        remedy: `Delete ${name} and make it anew, or restore a backup with \`hawser db restore\`.`,
      };
    }
    if (hasChildLink(tx, parent, name)) continue;
    yield {
      what: `${name} stands on ${parent}, which has no link to it`,
      means: 'its parent could be removed under it',
      remedy: REPAIR,
      mend: (writer) => linkParent(writer, parent, node),
    };
  }
}

/** What links say stands on a snapshot says so itself. */
function* checkChildren(tx: ReadTransaction): Iterable<Disagreement> {
  for (const { link, parent, child } of childLinks(tx)) {
    const parents = readSound(tx, child)?.parents;
    if (parents?.includes(parent) === true || isDamaged(tx, child)) continue;
    yield {
      what: `${parent} has a link to ${child}, which ${parents === undefined ? 'is not there' : 'does not stand on it'}`,
      means: 'its parent is never freed',
      remedy: REPAIR,
      mend: (writer) => deleteChildLink(writer, link),
    };
  }
}

function* checkLabels(tx: ReadTransaction, node: Node, { labels }: SnapshotRecord): Iterable<Disagreement> {
  for (const reference of referencesOf(node, labels)) {
    if (hasReference(tx, reference)) continue;
    yield {
      what: `a label of ${nodeName(node)} refers from ${nodeName(reference.from)} to ${nodeName(reference.to)}, which is not stored`,
      means: 'collection would free what the label keeps',
      remedy: REPAIR,
      mend: (writer) => writeReference(writer, reference),
    };
  }
}

/** What is stored as the reference of a snapshot's label is a label of it. */
function* checkReferences(tx: ReadTransaction): Iterable<Disagreement> {
  for (const reference of storedReferences(tx)) {
    const owner = reference[reference.owner];
    const labels = readSound(tx, nodeName(owner))?.labels;
    if (labels === undefined || referencesOf(owner, labels).some((told) => isSame(told, reference))) continue;
    yield {
      what: `${nodeName(reference.from)} refers to ${nodeName(reference.to)}, of which no label of ${nodeName(owner)} tells`,
      means: 'it keeps what nobody wants kept',
      remedy: REPAIR,
      mend: (writer) => deleteReference(writer, reference),
    };
  }
}

const isSame = (one: LabelReference, other: LabelReference): boolean =>
  one.owner === other.owner && nodeName(one.from) === nodeName(other.from) && nodeName(one.to) === nodeName(other.to);

/** A condemned snapshot keeps its record until it is cleaned up. */
defineStoreCheck('condemned_snapshots', function* (tx) {
  for (const node of condemnedNodes(tx)) {
    if (hasRecord(tx, node) || !hasType(tx, node.type)) continue;
    yield {
      what: `${nodeName(node)} is condemned and not there`,
      means: 'nobody can make a snapshot of that name until the list is cleared',
      remedy: 'Start the agent: its collection takes it off the list.',
    };
  }
});

/** Other types than those of snapshots can be condemned too; nothing in the store says which is which. */
function hasType(tx: ReadTransaction, type: string): boolean {
  for (const _key of readKeys(tx, type)) return true;
  return false;
}
