import { expect, test } from 'vitest';
import { Gc } from '../gc/gc.ts';
import { Metadata } from '../metadata/store.ts';
import { Snapshots } from '../metadata/snapshots.ts';
import { definePlugin } from '../plugin/index.ts';
import { openAgentFolder, Thing } from './run-agent.fixture.ts';

/** Makes one thing that nothing keeps; its clean-up and its own release are told in order. */
function litterer(told: string[], cleanup: (signal: AbortSignal) => Promise<void>) {
  return definePlugin({
    provides: Thing,
    id: 'litterer',
    summary: 'Leaves garbage behind.',
    requires: { metadata: Metadata, snapshots: Snapshots },
    async start({ metadata, snapshots, scope }) {
      const things = scope.use(
        snapshots.open({
          type: 'thing',
          store: 'state',
          async cleanup(_thing, signal) {
            await cleanup(signal);
            told.push('cleaned');
          },
        }),
      );
      scope.defer(() => void told.push('released'));
      await metadata.write('state', (tx) => things.prepare(tx, 'litter', { data: {}, committed: true }));
      return { ok: true } as const;
    },
  });
}

const SLOW_STARTER = '[plugins."hawser.gc.v1.scheduler"]\nstartup_delay = "1h"\nmutation_threshold = 0\ndrain_deadline = "200ms"\n';

test('at SIGTERM garbage is cleaned up while the plugins that can do it are still there', async () => {
  await using agent = await openAgentFolder();
  await agent.write(SLOW_STARTER);
  const told: string[] = [];
  const { code, signals, ready } = agent.run([litterer(told, async () => {})]);
  await ready();
  expect(told).toEqual([]);
  signals.emit('SIGTERM', 'SIGTERM');
  expect(await code).toBe(0);
  expect(told).toEqual(['cleaned', 'released']);
});

test('a clean-up that hangs holds the stop up for the drain deadline and no longer', async () => {
  await using agent = await openAgentFolder();
  await agent.write(SLOW_STARTER);
  const told: string[] = [];
  const hang = (signal: AbortSignal): Promise<never> =>
    new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason), { once: true }));
  const { code, signals, lines, ready } = agent.run([litterer(told, hang)]);
  await ready();
  signals.emit('SIGTERM', 'SIGTERM');
  expect(await code).toBe(0);
  expect(told).toEqual(['released']);
  expect(lines.map(({ msg }) => msg)).toContain('the last collection did not come to its end; the next start goes on with it');
});

test('one that can not even be told of stops nothing else from ending in order', async () => {
  await using agent = await openAgentFolder();
  const told: string[] = [];
  const saboteur = definePlugin({
    provides: Thing,
    id: 'saboteur',
    summary: 'Makes the last collection fail.',
    requires: { gc: Gc },
    start({ gc, scope }) {
      Reflect.set(gc, 'drain', () => Promise.reject(new Error('the list can not be read')));
      scope.defer(() => void told.push('released'));
      return { ok: true } as const;
    },
  });
  const { code, signals, lines, ready } = agent.run([saboteur]);
  await ready();
  signals.emit('SIGTERM', 'SIGTERM');
  expect(await code).toBe(0);
  expect(told).toEqual(['released']);
  expect(lines).toContainEqual(
    expect.objectContaining({
      msg: 'a part of the stop failed',
      err: expect.objectContaining({ message: 'the list can not be read' }) as object,
    }),
  );
});
