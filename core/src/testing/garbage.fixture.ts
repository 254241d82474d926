import type { Transaction } from '../metadata/store.ts';
import type { TestCore } from './core.ts';
import type { Collector, Node } from '../gc/gc.ts';

export const signal: AbortSignal = new AbortController().signal;
export const ROOTED = { 'gc.root': 'yes' };

/** A type of snapshots whose clean-ups a test holds. */
export function openType(
  core: TestCore,
  type: string,
  cleanup: (key: string, signal: AbortSignal) => Promise<void | { settled: Promise<void> }> = async () => {},
) {
  const snapshotter = core.snapshots.open({ type, store: 'state', cleanup: (snapshot, abort) => cleanup(snapshot.key, abort) });
  const make = (
    tx: Transaction,
    key: string,
    options: { parents?: readonly string[]; labels?: Record<string, string>; lease?: string } = {},
  ) => {
    snapshotter.prepare(tx, key, { data: {}, ...options });
    snapshotter.commit(tx, key);
  };
  return Object.assign(snapshotter, { make });
}

export const names = (core: TestCore) =>
  core.metadata.read('state', (tx) => Array.from(core.snapshots.list(tx), ({ type, key }) => `${type}/${key}`));
export const write = <T>(core: TestCore, fn: (tx: Transaction) => T) => core.metadata.write('state', fn);
export const condemned = (core: TestCore) => core.gc.status().condemned.map(({ type, key }) => `${type}/${key}`);

export const fail = (): never => {
  throw new Error('broken');
};
const none: readonly Node[] = [];
export const emptyCollector = (type: string): Collector => ({
  type,
  store: 'state',
  keys: () => [],
  isRoot: () => false,
  references: () => none,
  condemn: () => {},
  finish: () => {},
});
