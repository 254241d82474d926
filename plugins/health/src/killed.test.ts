import type { Clock } from '@hawser/core';
import { startCore, testContext } from '@hawser/core/testing';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { Monitor } from './monitor.ts';

const settings = { intervalMs: 10_000, durableIntervalMs: 60_000, storeDeadlineMs: 30_000, collectionGraceMs: 120_000 };
const log = pino({ level: 'silent' });

/** The monitor over the real store and the real collector, of which one is killed. */
test('a collector that no longer gets its turn turns the answer, by its own status', async () => {
  const { clock, random } = testContext();
  const dead = { isDead: false };
  // Killed: its timers never come any more.
  const deaf: Clock = {
    ...clock,
    now: () => clock.now(),
    monotonic: () => clock.monotonic(),
    timer: (ms, run) => clock.timer(ms, () => !dead.isDead && run()),
  };
  await using core = await startCore({ context: { clock: deaf, random } });
  const monitor = new Monitor({ ...settings, metadata: core.metadata, gc: core.gc, agent: undefined, clock, log });
  await core.gc.run({ signal: new AbortController().signal });
  monitor.beat();
  expect(monitor.live().ok).toBe(true);
  dead.isDead = true;
  await core.metadata.write('state', (tx) => core.gc.trigger(tx));
  for (let beat = 0; beat < 14; beat++) {
    await clock.advance(10_000);
    monitor.beat();
  }
  expect(monitor.live().checks.filter(({ status }) => status === 'failed')).toMatchObject([{ name: 'collector' }]);
});

test('a store that is closed under the agent turns the answer', async () => {
  const { clock, random } = testContext();
  const core = await startCore({ context: { clock, random } });
  const monitor = new Monitor({ ...settings, metadata: core.metadata, gc: core.gc, agent: undefined, clock, log });
  monitor.beat();
  await expect.poll(() => monitor.ready().ok).toBe(true);
  const status = core.gc.status();
  await core[Symbol.asyncDispose]();
  const broken = new Monitor({ ...settings, metadata: core.metadata, gc: { status: () => status }, agent: undefined, clock, log });
  broken.beat();
  await expect
    .poll(() => broken.ready().checks.find(({ name }) => name === 'store.state'))
    .toMatchObject({
      status: 'failed',
      reason: expect.stringContaining('[metadata.closed]'),
    });
});
