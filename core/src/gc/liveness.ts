import { isLeased } from '../leases/lease-records.ts';
import type { ReadTransaction, StoreName } from '../metadata/store.ts';
import { isCondemned } from './condemned.ts';
import type { Collectors } from './collectors.ts';
import type { Collector, Node } from './gc.ts';
import { nodeName } from './node.ts';

/** Both stores at one time. `root` is read first: whatever `state` refers to there is then seen. */
export type Views = Readonly<Record<StoreName, ReadTransaction>>;

/** What decisions about one node need. */
export interface World {
  readonly collectors: Collectors;
  readonly views: Views;
  readonly now: number;
}

function exists({ views }: World, collector: Collector, key: string): boolean {
  const tx = views[collector.store];
  if (collector.has !== undefined) return collector.has(tx, key);
  for (const other of collector.keys(tx)) if (other === key) return true;
  return false;
}

/** Whether it lives without a referrer. */
export function isRooted({ views, now }: World, collector: Collector, key: string): boolean {
  const tx = views[collector.store];
  return collector.isRoot(tx, key, now) || isLeased(tx, { type: collector.type, key }, now);
}

/** Everything that refers to a node, dead or alive, but for itself. */
function referrersOf({ collectors, views }: World, node: Node): readonly Node[] {
  const found: Node[] = [];
  for (const collector of collectors) {
    for (const key of referrersOfType(collector, views, node)) {
      if (collector.type !== node.type || key !== node.key) found.push({ type: collector.type, key });
    }
  }
  return found;
}

function* referrersOfType(collector: Collector, views: Views, node: Node): Iterable<string> {
  const tx = views[collector.store];
  if (collector.referrers !== undefined) {
    yield* collector.referrers(tx, node);
    return;
  }
  for (const key of collector.keys(tx)) {
    for (const reference of collector.references(tx, key)) {
      if (reference.type === node.type && reference.key === node.key) yield key;
    }
  }
}

/** Where one node stands. `blocked`: garbage that garbage refers to, which goes first. */
export type Standing =
  | { readonly kind: 'unknown' | 'gone' | 'alive' | 'eligible' }
  | { readonly kind: 'blocked'; readonly by: readonly Node[] };

/** Decides about one node from its surroundings alone. */
export function standingOf(world: World, node: Node): Standing {
  const collector = world.collectors.get(node.type)?.collector;
  if (collector === undefined) return { kind: 'unknown' };
  if (!exists(world, collector, node.key)) return { kind: 'gone' };
  if (isRooted(world, collector, node.key)) return { kind: 'alive' };
  const by = referrersOf(world, node);
  if (by.length === 0) return { kind: 'eligible' };
  return by.some((referrer) => isAlive(world, referrer, new Set([nodeName(node)]))) ? { kind: 'alive' } : { kind: 'blocked', by };
}

function isAlive(world: World, node: Node, seen: Set<string>): boolean {
  const name = nodeName(node);
  if (seen.has(name)) return false;
  seen.add(name);
  const collector = world.collectors.get(node.type)?.collector;
  if (collector === undefined) return true;
  if (isCondemned(world.views[collector.store], node)) return false;
  if (isRooted(world, collector, node.key)) return true;
  return referrersOf(world, node).some((referrer) => isAlive(world, referrer, seen));
}
