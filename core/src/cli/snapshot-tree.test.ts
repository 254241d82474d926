import { expect, test } from 'vitest';
import type { SnapshotView } from '../api/views.ts';
import { snapshotTree } from './snapshot-tree.ts';

const snapshot = (name: string, parents: readonly string[] = [], kind: SnapshotView['kind'] = 'committed'): SnapshotView => {
  const [type = '', key = ''] = name.split('/');
  const times = { createdAt: '2026-01-01T00:00:00Z', updatedAt: '2026-01-01T00:00:00Z' };
  return { name, type, key, namespace: 'default', kind, parents, labels: {}, data: {}, ...times };
};

test('what stands on several is shown under each, and on nothing that is listed, by itself', () => {
  const tree = snapshotTree([
    snapshot('claim/a'),
    snapshot('claim/b'),
    snapshot('attachment/x', ['claim/a', 'claim/b'], 'active'),
    snapshot('attachment/y', ['claim/a']),
    snapshot('layer/z', ['layer/elsewhere']),
  ]);
  expect(tree.text).toBe(
    ['claim/a', '├─ attachment/x (active)', '└─ attachment/y', 'claim/b', '└─ attachment/x (active)', 'layer/z', ''].join('\n'),
  );
  const x = { name: 'attachment/x', kind: 'active', children: [] };
  expect(tree.nodes).toEqual([
    { name: 'claim/a', kind: 'committed', children: [x, { name: 'attachment/y', kind: 'committed', children: [] }] },
    { name: 'claim/b', kind: 'committed', children: [x] },
    { name: 'layer/z', kind: 'committed', children: [] },
  ]);
  expect(snapshotTree([])).toEqual({ text: '', nodes: [] });
});

test('fifty thousand on one take no longer than their lines', { timeout: 10_000 }, () => {
  const children = Array.from({ length: 50_000 }, (_, index) => snapshot(`layer/${index}`, ['layer/base']));
  expect(snapshotTree([snapshot('layer/base'), ...children]).text.split('\n')).toHaveLength(50_002);
});
