import { parseNode } from '../gc/node.ts';
import { ifSound } from '../metadata/store-checks.ts';
import type { ReadTransaction } from '../metadata/store.ts';
import { hasRecord, readAllNames, readChildLinks, readRecord, type SnapshotRecord } from './snapshot-records.ts';

/** A record by its name, where that and its form are a snapshot's: a damaged one must not hide what others have. */
export function readSound(tx: ReadTransaction, name: string): SnapshotRecord | undefined {
  const node = parseNode(name);
  return node && ifSound(() => readRecord(tx, node));
}

/** Whether there is a record that is none of a snapshot: what it says is not known, so that nothing follows from it. */
export function isDamaged(tx: ReadTransaction, name: string): boolean {
  const node = parseNode(name);
  return node !== undefined && hasRecord(tx, node) && readSound(tx, name) === undefined;
}

/** Names of all records, with those that are sound. */
export function* readAllSound(tx: ReadTransaction): Iterable<readonly [name: string, record: SnapshotRecord | undefined]> {
  for (const name of readAllNames(tx)) yield [name, readSound(tx, name)];
}

/** A link, and what it says. */
export interface ChildLink {
  readonly link: string;
  readonly parent: string;
  readonly child: string;
}

/**
 * All links from parents to what stands on them. Keys may hold zero bytes, so that a link can be read in several ways: the one that
 * names a snapshot and its parent counts, else the first one.
 */
export function* childLinks(tx: ReadTransaction): Iterable<ChildLink> {
  for (const link of readChildLinks(tx)) {
    const ways = waysToRead(link);
    const told = ways.find(({ parent, child }) => readSound(tx, child)?.parents.includes(parent));
    yield told ?? ways.find(({ child }) => isDamaged(tx, child)) ?? ways[0] ?? { link, parent: link, child: '' };
  }
}

function waysToRead(link: string): readonly ChildLink[] {
  const ways: ChildLink[] = [];
  for (let at = link.indexOf('\0'); at !== -1; at = link.indexOf('\0', at + 1))
    ways.push({ link, parent: link.slice(0, at), child: link.slice(at + 1) });
  return ways;
}
