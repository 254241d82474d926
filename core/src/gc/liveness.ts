import { protectionOf } from '../leases/lease-records.ts';
import type { ReadTransaction, StoreName } from '../metadata/store.ts';
import { isCondemned } from './condemned.ts';
import type { Collectors } from './collectors.ts';
import type { Collector, Node } from './gc.ts';
import type { KnownTypes } from './known-types.ts';
import type { LabelUse } from './label-use.ts';
import { keptByLabels } from './labels.ts';
import { nodeName } from './node.ts';
import { labelledReferrers } from './references.ts';

/** One namespace of both stores at one time. `root` is read first: whatever `state` refers to there is then seen. */
export type Views = Readonly<Record<StoreName, ReadTransaction>>;

/** What decisions about nodes need. */
export interface World {
  readonly collectors: Collectors;
  readonly types: Pick<KnownTypes, 'holds'>;
  readonly labels: Pick<LabelUse, 'isUsed'>;
  readonly views: Views;
  readonly now: number;
  /** What is younger than this many milliseconds is left alone. */
  readonly protectMs: number;
}

/** A time to come by more than the period tells of a clock that was set back: such a node is not young for ever. */
export const isYoung = (createdAt: number | undefined, now: number, protectMs: number): boolean =>
  createdAt !== undefined && Math.abs(now - createdAt) < protectMs;

export function exists({ views }: World, collector: Collector, key: string): boolean {
  const tx = views[collector.store];
  if (collector.has !== undefined) return collector.has(tx, key);
  for (const other of collector.keys(tx)) if (other === key) return true;
  return false;
}

/** How a node lives without a referrer; `flat`: without what only its labels refer to. */
function rootedness({ views, types, now, protectMs }: World, collector: Collector, key: string): 'none' | 'flat' | 'whole' {
  const tx = views[collector.store];
  if (types.holds(collector.type) || collector.isRoot(tx, key, now)) return 'whole';
  const labels = collector.labels?.(tx, key);
  if (labels !== undefined && keptByLabels(labels, now)) return 'whole';
  if (protectMs > 0 && isYoung(collector.createdAt?.(tx, key), now, protectMs)) return 'whole';
  return protectionOf(tx, { type: collector.type, key }, now);
}

/** Everything that refers to a node, dead or alive, but for itself. */
export interface Referrers {
  /** By their collectors: they go before it does. */
  readonly structural: readonly Node[];
  /** By a label of either: it may go with them. */
  readonly labelled: readonly Node[];
}

const NONE: readonly Node[] = [];

export function referrersOf({ collectors, views, labels }: World, node: Node): Referrers {
  const structural: Node[] = [];
  for (const collector of collectors) {
    for (const key of referrersOfType(collector, views, node)) {
      if (collector.type !== node.type || key !== node.key) structural.push({ type: collector.type, key });
    }
  }
  return { structural, labelled: labels.isUsed ? [...labelledReferrers(views.root, node), ...labelledReferrers(views.state, node)] : NONE };
}

function* referrersOfType(collector: Collector, views: Views, node: Node): Iterable<string> {
  const tx = views[collector.store];
  if (collector.referrers !== undefined) {
    yield* collector.referrers(tx, node);
    return;
  }
  if (collector.refersTo !== undefined && !collector.refersTo.includes(node.type)) return;
  for (const key of collector.keys(tx)) {
    for (const reference of collector.references(tx, key)) {
      if (reference.type === node.type && reference.key === node.key) yield key;
    }
  }
}

/** Where one node stands. `blocked`: garbage that garbage refers to, which goes first; `by`, or with it: `ties`. */
export type Standing =
  | { readonly kind: 'unknown' | 'gone' | 'alive' | 'eligible' }
  | { readonly kind: 'blocked'; readonly by: readonly Node[]; readonly ties: readonly Node[] };

/** Decides about one node from its surroundings alone. */
export function standingOf(world: World, node: Node): Standing {
  const collector = world.collectors.get(node.type)?.collector;
  if (collector === undefined) return { kind: 'unknown' };
  if (!exists(world, collector, node.key)) return { kind: 'gone' };
  if (rootedness(world, collector, node.key) !== 'none') return { kind: 'alive' };
  const { structural, labelled } = referrersOf(world, node);
  if (isReferredTo(world, structural, labelled, true, new Set([nodeName(node)]))) return { kind: 'alive' };
  // What a flat lease keeps goes on without what only its labels name.
  const ties = labelled.filter((tie) => mayExist(world, tie) && !isAlive(world, tie, true, new Set()));
  return structural.length === 0 && ties.length === 0 ? { kind: 'eligible' } : { kind: 'blocked', by: structural, ties };
}

/** A label may name what has never been. */
function mayExist(world: World, node: Node): boolean {
  const collector = world.collectors.get(node.type)?.collector;
  return collector === undefined || exists(world, collector, node.key);
}

function isReferredTo(world: World, structural: readonly Node[], labelled: readonly Node[], byFlat: boolean, seen: Set<string>): boolean {
  return (
    structural.some((referrer) => isAlive(world, referrer, byFlat, seen)) ||
    labelled.some((referrer) => isAlive(world, referrer, false, seen))
  );
}

/** Whether it lives; with `byFlat` also where only flat leases keep it. */
function isAlive(world: World, node: Node, byFlat: boolean, seen: Set<string>): boolean {
  const name = `${byFlat ? 'flat' : 'whole'} ${nodeName(node)}`;
  if (seen.has(name)) return false;
  seen.add(name);
  const collector = world.collectors.get(node.type)?.collector;
  if (collector === undefined) return true;
  if (isCondemned(world.views[collector.store], node) || !exists(world, collector, node.key)) return false;
  const rooted = rootedness(world, collector, node.key);
  if (rooted === 'whole' || (rooted === 'flat' && byFlat)) return true;
  const { structural, labelled } = referrersOf(world, node);
  return isReferredTo(world, structural, labelled, byFlat, seen);
}
