import { expect, test } from 'vitest';
import type { BackedSnapshotter } from '../metadata/snapshot-backend.ts';
import { testContext } from '../testing/context.ts';
import { startCore } from '../testing/core.ts';
import { signal } from '../testing/garbage.fixture.ts';
import { MemoryBackend } from '../testing/memory-backend.ts';

const tooLong = { text: 'x'.repeat(5_000) };

const rows: readonly (readonly [string, string, (layers: BackedSnapshotter) => Promise<unknown>])[] = [
  ['prepare under a lease that is missing', 'leases.not_found', (layers) => layers.prepare('new', { signal, lease: 'none' })],
  ['prepare with labels that are too long', 'snapshots.invalid_labels', (layers) => layers.prepare('new', { signal, labels: tooLong })],
  ['commit under a lease that is missing', 'leases.not_found', (layers) => layers.commit('active', { signal, lease: 'none' })],
  ['commit with labels that are too long', 'snapshots.invalid_labels', (layers) => layers.commit('active', { signal, labels: tooLong })],
];

test.each(rows)('%s: %s, before the backend is asked', async (_what, code, call) => {
  await using core = await startCore({ context: testContext() });
  const backend = new MemoryBackend();
  await using layers = core.snapshots.openBacked({ type: 'layer', store: 'state', backend });
  await layers.compared;
  await layers.prepare('active', { signal, labels: { 'gc.root': 'yes' } });
  const before = [...backend.calls];
  await expect(call(layers)).rejects.toMatchObject({ code });
  expect(backend.calls).toEqual(before);
});
