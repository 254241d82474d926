import { type HawserError, toHawserError } from '../errors/index.ts';
import type { Gc, Node, NodeScope } from '../gc/gc.ts';
import { nodeName } from '../gc/node.ts';
import { leaseErrors } from './errors.ts';

/** Collections of one call that are under way at once. */
const AT_ONCE = 16;

/**
 * Waits for the collection of each of these nodes, where it is garbage. All are tried; then `leases.collection_failed`
 * names those whose clean-up failed and is tried again. Rejects with the signal's reason as soon as that aborts.
 */
export async function collectAll(gc: Pick<Gc, 'collect'>, lease: string, nodes: readonly Node[], scope: NodeScope): Promise<void> {
  const { signal } = scope;
  const failed: (readonly [name: string, error: HawserError])[] = [];
  const waiting = nodes.values();
  const work = async (): Promise<void> => {
    for (const node of waiting) {
      signal.throwIfAborted();
      await gc.collect(node, scope).catch((error: unknown) => {
        signal.throwIfAborted();
        failed.push([nodeName(node), toHawserError(error)]);
      });
    }
  };
  await Promise.all(Array.from({ length: Math.min(AT_ONCE, nodes.length) }, work));
  const [first] = failed;
  if (first === undefined) return;
  const [name, cause] = first;
  const others = failed.length === 1 ? '' : ` and ${failed.length - 1} more`;
  throw leaseErrors.collectionFailed(`lease ${lease} is deleted, but ${name}${others} could not be cleaned up yet: ${cause.message}`, {
    cause,
    details: { id: lease, failed: failed.map(([failure]) => failure) },
  });
}
