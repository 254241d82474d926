import { isCondemned } from './condemned.ts';
import type { Node } from './gc.ts';
import { isRooted, type World } from './liveness.ts';
import { nodeName } from './node.ts';

/** One node of the graph as collectors tell it. */
export interface Vertex {
  readonly node: Node;
  readonly rooted: boolean;
  readonly condemned: boolean;
  readonly references: readonly string[];
}

/** What a mark found. Condemned nodes are in neither list: their way is decided. */
export interface Marking {
  readonly live: number;
  readonly garbage: readonly (Node & { readonly reason: string })[];
  /** Garbage that nothing can free, because it refers to itself by way of others. */
  readonly circular: readonly Node[];
  /** When the next root stops being one by itself. */
  readonly nextExpiry: number | undefined;
}

/** Asks every collector about every node. */
export function readGraph(world: World): { readonly graph: ReadonlyMap<string, Vertex>; readonly nextExpiry: number | undefined } {
  const graph = new Map<string, Vertex>();
  let nextExpiry: number | undefined;
  for (const collector of world.collectors) {
    const tx = world.views[collector.store];
    for (const key of collector.keys(tx)) {
      const node = { type: collector.type, key };
      const references = Array.from(collector.references(tx, key), nodeName);
      graph.set(nodeName(node), { node, rooted: isRooted(world, collector, key), condemned: isCondemned(tx, node), references });
      nextExpiry = earlier(nextExpiry, collector.expiry?.(tx, key), world.now);
    }
  }
  return { graph, nextExpiry };
}

/** The earlier of two times of which the second counts only when it is still to come. */
export function earlier(known: number | undefined, at: number | undefined, now: number): number | undefined {
  if (at === undefined || Number.isNaN(at) || at <= now) return known;
  return known === undefined ? at : Math.min(known, at);
}

/** Which nodes live and which are garbage; pure. */
export function mark(graph: ReadonlyMap<string, Vertex>): Omit<Marking, 'nextExpiry'> {
  const live = reach(graph);
  const dead = new Map([...graph].filter(([name, vertex]) => !live.has(name) && !vertex.condemned));
  const referrers = reverse(graph);
  return {
    live: live.size,
    garbage: Array.from(dead, ([name, { node }]) => ({ ...node, reason: reasonOf(referrers.get(name) ?? []) })),
    circular: circular(dead)
      .map((name) => dead.get(name)?.node)
      .filter((node) => node !== undefined),
  };
}

/** Everything that can be reached from a root. A condemned node is no root any more, but keeps what it refers to until it is finished. */
function reach(graph: ReadonlyMap<string, Vertex>): ReadonlySet<string> {
  const live = new Set<string>();
  const grey = Array.from(graph)
    .filter(([, vertex]) => vertex.rooted && !vertex.condemned)
    .map(([name]) => name);
  for (let name = grey.pop(); name !== undefined; name = grey.pop()) {
    const vertex = graph.get(name);
    if (vertex === undefined || live.has(name)) continue;
    live.add(name);
    grey.push(...vertex.references);
  }
  return live;
}

function reverse(graph: ReadonlyMap<string, Vertex>): ReadonlyMap<string, readonly string[]> {
  const referrers = new Map<string, string[]>();
  for (const [name, { references }] of graph) {
    for (const reference of references) {
      const known = referrers.get(reference);
      if (known === undefined) referrers.set(reference, [name]);
      else known.push(name);
    }
  }
  return referrers;
}

function reasonOf(referrers: readonly string[]): string {
  const [first] = referrers;
  if (first === undefined) return 'it has no root and no lease, and nothing refers to it';
  const others = referrers.length === 1 ? '' : ` and ${referrers.length - 1} more`;
  return `it has no root and no lease, and what refers to it goes too: ${first}${others}`;
}

/** What is left when nodes without a referrer are taken away again and again. */
function circular(dead: ReadonlyMap<string, Vertex>): readonly string[] {
  const counts = new Map(Array.from(dead.keys(), (name) => [name, 0]));
  const count = (name: string, change: number): number => {
    const value = (counts.get(name) ?? 0) + change;
    if (counts.has(name)) counts.set(name, value);
    return value;
  };
  const others = (name: string): readonly string[] =>
    (dead.get(name)?.references ?? []).filter((reference) => reference !== name && dead.has(reference));
  for (const name of dead.keys()) for (const reference of others(name)) count(reference, 1);
  const free = Array.from(counts)
    .filter(([, value]) => value === 0)
    .map(([name]) => name);
  for (let name = free.pop(); name !== undefined; name = free.pop()) {
    counts.delete(name);
    for (const reference of others(name)) if (count(reference, -1) === 0) free.push(reference);
  }
  return [...counts.keys()];
}
