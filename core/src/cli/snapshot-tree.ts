import type { SnapshotView } from '../api/views.ts';
import type { JsonValue } from '../json.ts';
import { visibleLine } from './visible.ts';

/** Snapshots as a forest: parents above, what stands on them below; one with several parents is shown under each. */
export function snapshotTree(snapshots: readonly SnapshotView[]): { readonly text: string; readonly nodes: JsonValue } {
  const names = new Set(snapshots.map((snapshot) => snapshot.name));
  const children = new Map<string, SnapshotView[]>();
  for (const snapshot of snapshots) {
    for (const parent of snapshot.parents) {
      const others = children.get(parent);
      if (others === undefined) children.set(parent, [snapshot]);
      else others.push(snapshot);
    }
  }
  const roots = snapshots.filter((snapshot) => !snapshot.parents.some((parent) => names.has(parent)));
  const below = (snapshot: SnapshotView) => children.get(snapshot.name) ?? [];
  return {
    text: roots.length === 0 ? '' : `${roots.flatMap((root) => lines(root, below, '', '')).join('\n')}\n`,
    nodes: roots.map((root) => node(root, below)),
  };
}

type Below = (snapshot: SnapshotView) => readonly SnapshotView[];

function lines(snapshot: SnapshotView, below: Below, first: string, rest: string): string[] {
  const children = below(snapshot);
  const nested = children.flatMap((child, index) => {
    const last = index === children.length - 1;
    return lines(child, below, `${rest}${last ? '└─ ' : '├─ '}`, `${rest}${last ? '   ' : '│  '}`);
  });
  return [`${first}${visibleLine(snapshot.name)}${snapshot.kind === 'committed' ? '' : ` (${snapshot.kind})`}`, ...nested];
}

const node = (snapshot: SnapshotView, below: Below): JsonValue => ({
  name: snapshot.name,
  kind: snapshot.kind,
  children: below(snapshot).map((child) => node(child, below)),
});
