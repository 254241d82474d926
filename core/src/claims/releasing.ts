import { listCondemned } from '../gc/condemned.ts';
import { nodeName } from '../gc/node.ts';
import type { ReadTransaction } from '../metadata/store.ts';
import { readSound } from '../snapshots/sound-records.ts';

/**
 * Full names of what condemned snapshots stand on, with the time since when. For listings: it reads the condemned ones,
 * which are few, where a look at each claim would read the children of all.
 */
export function releasingSince(tx: ReadTransaction): ReadonlyMap<string, string> {
  const since = new Map<string, string>();
  for (const [node, condemned] of listCondemned(tx)) {
    for (const parent of readSound(tx, nodeName(node))?.parents ?? []) if (!since.has(parent)) since.set(parent, condemned.since);
  }
  return since;
}
