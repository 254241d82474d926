import { leasesOn, readLeaseRecord } from '../leases/lease-records.ts';
import { isCondemned } from './condemned.ts';
import type { Collector, Node } from './gc.ts';
import { expiryOf } from './labels.ts';
import { mayExist, referrersOf, type World } from './liveness.ts';
import { nodeName } from './node.ts';

/** Referrers of referrers that are told; what stands above them is garbage for reasons of its own. */
const MAX_DEPTH = 8;

/** Why a node that is garbage is garbage: the paths that could keep it, and where each is broken. */
export function explain(world: World, node: Node): string {
  return reason(world, node, [nodeName(node)]);
}

function reason(world: World, node: Node, path: readonly string[]): string {
  const collector = world.collectors.get(node.type)?.collector;
  if (collector === undefined) return 'no plugin collects its type';
  return `${missingRoot(world, collector, node.key)}, ${missingLease(world, collector, node)}, ${missingReferrer(world, node, path)}`;
}

function missingRoot({ views, now }: World, collector: Collector, key: string): string {
  const tx = views[collector.store];
  const at = collector.expiry?.(tx, key) ?? expiryOf(collector.labels?.(tx, key) ?? {});
  return at === undefined || at > now ? 'no root' : `its root expired at ${new Date(at).toISOString()}`;
}

function missingLease({ views }: World, collector: Collector, node: Node): string {
  const tx = views[collector.store];
  for (const id of leasesOn(tx, node)) {
    const expiresAt = readLeaseRecord(tx, id)?.expiresAt;
    if (expiresAt !== undefined) return `its lease ${id} expired at ${expiresAt}`;
  }
  return 'no lease';
}

function missingReferrer(world: World, node: Node, path: readonly string[]): string {
  const { structural, labelled } = referrersOf(world, node);
  const all = [...structural, ...labelled.filter((other) => mayExist(world, other))];
  const [last] = all;
  if (last === undefined) return 'nothing refers to it';
  const name = nodeName(last);
  const others = all.length === 1 ? '' : ` (and ${all.length - 1} more that are garbage too)`;
  if (path.includes(name)) return `only ${name}${others} refers to it, which it keeps itself`;
  const store = world.collectors.get(last.type)?.collector.store;
  if (store !== undefined && isCondemned(world.views[store], last)) return `only ${name}${others} refers to it, which is being removed`;
  if (path.length >= MAX_DEPTH) return `only ${name}${others} refers to it, which is garbage too`;
  return `only ${name}${others} refers to it, which is garbage itself: ${reason(world, last, [...path, name])}`;
}
