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

/** A node from further in the future than the period is not young: the clock was set back since it was made. */
export const isYoung = (createdAt: number | undefined, now: number, protectMs: number): boolean =>
  createdAt !== undefined && Math.abs(now - createdAt) < protectMs;

function exists({ views }: World, collector: Collector, key: string): boolean {
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

/** Where one node stands. `blocked`: it is garbage, but other garbage refers to it: `by` goes before it, `ties` go with it. */
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
  if (isReferredTo(world, structural, labelled, true)) return { kind: 'alive' };
  // A flat lease keeps the tie and not the node that only a label of it names: then that goes alone.
  const ties = labelled.filter((tie) => mayExist(world, tie) && !isAlive(world, tie));
  return structural.length === 0 && ties.length === 0 ? { kind: 'eligible' } : { kind: 'blocked', by: structural, ties };
}

/** A label may name what has never been; what nobody collects may be there. */
export function mayExist(world: World, node: Node): boolean {
  const collector = world.collectors.get(node.type)?.collector;
  return collector === undefined || exists(world, collector, node.key);
}

/**
 * Whether one of the referrers lives: by itself, or by what refers to it in turn. With `byFlat` also where only flat leases keep it,
 * which counts for what is not named by labels alone.
 */
function isReferredTo(world: World, structural: readonly Node[], labelled: readonly Node[], byFlat: boolean): boolean {
  const seen = new Set<string>();
  // A list that grows, not recursion: chains are longer than the stack is deep.
  const visits: { readonly node: Node; readonly byFlat: boolean }[] = [];
  const visit = (nodes: readonly Node[], flat: boolean): void => {
    for (const node of nodes) {
      const name = `${flat ? 'flat' : 'whole'} ${nodeName(node)}`;
      if (seen.has(name)) continue;
      seen.add(name);
      visits.push({ node, byFlat: flat });
    }
  };
  visit(structural, byFlat);
  visit(labelled, false);
  for (const visited of visits) {
    const { node } = visited;
    const collector = world.collectors.get(node.type)?.collector;
    if (collector === undefined) return true;
    if (isCondemned(world.views[collector.store], node) || !exists(world, collector, node.key)) continue;
    const rooted = rootedness(world, collector, node.key);
    if (rooted === 'whole' || (rooted === 'flat' && visited.byFlat)) return true;
    const referrers = referrersOf(world, node);
    visit(referrers.structural, visited.byFlat);
    visit(referrers.labelled, false);
  }
  return false;
}

/** Whether it lives, if only by flat leases. */
const isAlive = (world: World, node: Node): boolean => isReferredTo(world, [node], NONE, true);
