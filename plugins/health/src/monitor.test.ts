import type { PluginReport, WorkerReport } from '@hawser/core';
import type { GcStatus, Metadata, StoreName } from '@hawser/core/contracts';
import { testContext } from '@hawser/core/testing';
import { pino } from 'pino';
import { beforeEach, describe, expect, test } from 'vitest';
import { Monitor } from './monitor.ts';

const { clock } = testContext();
let writes: StoreName[];
let commit: (store: StoreName) => Promise<unknown>;
let refuseWhenFull: () => void;
let gc: Partial<GcStatus>;
let phase: 'starting' | 'ready' | 'stopping';
let reports: readonly PluginReport[];
let told: Record<string, unknown>[];
let monitor: Monitor;
let changed: () => void;

const plugin = (uri: string, more: Partial<PluginReport> = {}): PluginReport => ({
  uri,
  type: uri,
  id: 'x',
  summary: 'X.',
  stability: 'beta',
  status: 'ok',
  startMs: 1,
  requires: [],
  provides: uri,
  ...more,
});
const worker = (state: WorkerReport['state'], more: Partial<WorkerReport> = {}): Partial<PluginReport> => ({
  workers: [{ name: 'w', state, rounds: 2, failures: 0, ...more }],
});

beforeEach(() => {
  writes = [];
  commit = () => Promise.resolve();
  refuseWhenFull = () => undefined;
  gc = {};
  phase = 'ready';
  reports = [plugin('test.a.v1.x')];
  told = [];
  const metadata: Pick<Metadata, 'write'> = {
    write: async (store, fn) => {
      writes.push(store);
      await commit(store);
      return fn({ put: () => undefined, refuseWhenFull } as never);
    },
  };
  monitor = new Monitor({
    metadata,
    gc: { status: () => gc as GcStatus },
    agent: {
      phase: () => phase,
      reports: () => reports,
      onChange: (listener) => {
        changed = listener;
        return { [Symbol.dispose]: () => (changed = () => undefined) };
      },
    },
    clock,
    log: pino({}, { write: (line) => void told.push(JSON.parse(line)) }),
    intervalMs: 10_000,
    durableIntervalMs: 60_000,
    storeDeadlineMs: 30_000,
    collectionGraceMs: 120_000,
  });
});

/** Beats as the worker does, for so many seconds. */
async function beat(seconds: number): Promise<void> {
  for (let second = 0; second < seconds; second += 10) {
    monitor.beat();
    await clock.advance(10_000);
  }
  monitor.beat();
  await clock.advance(0);
}

const answers = () => [monitor.live().ok, monitor.ready().ok, monitor.healthy().ok];
const failed = (report: ReturnType<Monitor['live']>) => report.checks.filter(({ status }) => status === 'failed').map(({ name }) => name);

test('all is well: the boot’s store is written to at each beat, the durable one once a minute', async () => {
  await beat(60);
  expect(answers()).toEqual([true, true, true]);
  expect(writes.filter((store) => store === 'state')).toHaveLength(7);
  expect(writes.filter((store) => store === 'root')).toHaveLength(2);
});

describe('the store', () => {
  test('that commits nothing any more makes the agent dead, and gets no queue of beats', async () => {
    commit = (store) => (store === 'state' ? new Promise(() => {}) : Promise.resolve());
    await beat(20);
    expect(answers()).toEqual([true, true, true]);
    await beat(30);
    expect(answers()).toEqual([false, false, false]);
    expect(failed(monitor.live())).toEqual(['store.state']);
    expect(writes.filter((store) => store === 'state')).toHaveLength(1);
    expect(told.at(0)).toMatchObject({ level: 50, question: 'live', faults: [{ name: 'store.state' }] });
  });

  test('that is slow and then commits makes it live again', async () => {
    const late = Promise.withResolvers<void>();
    commit = () => late.promise;
    await beat(60);
    expect(answers()).toEqual([false, false, false]);
    late.resolve();
    await beat(0);
    expect(answers()).toEqual([true, true, true]);
    expect(told.at(-1)).toMatchObject({ level: 30 });
  });

  test('that refuses writes makes it not ready, with code and remedy, but a new start would not help', async () => {
    commit = () => Promise.reject(new Error('the disk is full'));
    await beat(10);
    expect(answers()).toEqual([true, false, false]);
    expect(monitor.ready().checks.find(({ name }) => name === 'store.root')).toMatchObject({
      reason: expect.stringContaining('the disk is full'),
      remedy: expect.any(String),
    });
  });
});

describe('a full disk', () => {
  test('on which what is there can still be written makes the agent not ready, until there is space', async () => {
    refuseWhenFull = () => {
      throw new Error('nothing new is taken');
    };
    await beat(10);
    expect(answers()).toEqual([true, false, false]);
    expect(monitor.ready().checks.find(({ name }) => name === 'store.state')).toMatchObject({
      reason: expect.stringContaining('nothing new is taken'),
    });
    expect(writes.length).toBeGreaterThan(2);
    refuseWhenFull = () => undefined;
    await beat(60);
    expect(answers()).toEqual([true, true, true]);
  });
});

describe('the collector', () => {
  test('of which a due run does not happen makes the agent dead', async () => {
    gc = { nextRun: new Date(clock.now()).toISOString() };
    await beat(120);
    expect(answers()).toEqual([true, true, true]);
    await beat(10);
    expect(answers()).toEqual([false, false, false]);
    expect(failed(monitor.live())).toEqual(['collector']);
    gc = { nextRun: new Date(clock.now() + 1000).toISOString() };
    await beat(0);
    expect(answers()).toEqual([true, true, true]);
  });

  test.each([86_400_000, -86_400_000])(
    'is not late because the clock was set by %i ms; one that really is late is found all the same',
    async (by) => {
      gc = { nextRun: new Date(clock.now() + 60_000).toISOString() };
      await beat(30);
      clock.setBy(by);
      await beat(100);
      expect(answers()).toEqual([true, true, true]);
      gc = {};
      await beat(10);
      gc = { nextRun: new Date(clock.now()).toISOString() };
      await beat(100);
      clock.setBy(-by);
      gc = { nextRun: new Date(clock.now() - 100_000).toISOString() };
      expect(answers()).toEqual([true, true, true]);
      await beat(30);
      expect(answers()).toEqual([false, false, false]);
      clock.setBy(by);
      gc = { nextRun: new Date(clock.now() + 1000).toISOString() };
      await beat(0);
      expect(answers()).toEqual([true, true, true]);
    },
  );

  test('that has failed and will try again is told, and fails nothing', async () => {
    gc = { lastError: 'a collector has thrown' };
    await beat(0);
    expect(answers()).toEqual([true, true, true]);
    expect(monitor.healthy().checks).toContainEqual(expect.objectContaining({ name: 'collector', status: 'degraded' }));
  });
});

describe('workers and plugins', () => {
  const error = { code: 'plugin.worker_deadline', message: 'late', remedy: 'Wait.' };

  test('a worker that is stuck makes the agent dead', () => {
    reports = [plugin('test.a.v1.x', worker('stuck', { lastError: error }))];
    expect(answers()).toEqual([false, false, false]);
    expect(failed(monitor.live())).toEqual(['test.a.v1.x#w']);
    expect(failed(monitor.healthy())).toEqual(['test.a.v1.x#w']);
  });

  test.each([
    ['a worker that has failed for good', worker('failed'), 'failed', false],
    ['a worker that backs off', worker('backing_off', { failures: 3, lastError: error }), 'degraded', true],
    ['a plugin that has failed', { status: 'failed' as const, error }, 'failed', false],
    ['a plugin that a reload starts', { status: 'starting' as const }, 'degraded', true],
    ['a plugin that a reload has stopped', { status: 'stopped' as const }, 'degraded', true],
    ['a plugin that is degraded', { status: 'degraded' as const, error }, 'degraded', true],
  ])('%s is told, and leaves the agent ready', (_, more, status, healthy) => {
    reports = [plugin('test.a.v1.x', more)];
    expect(answers()).toEqual([true, true, healthy]);
    expect(monitor.healthy().checks).toContainEqual(expect.objectContaining({ status, reason: expect.any(String) }));
  });

  test('one that is skipped or disabled is nobody’s fault', () => {
    reports = [plugin('test.a.v1.x', { status: 'skipped' }), plugin('test.b.v1.x', { status: 'disabled' })];
    expect(monitor.healthy().ok).toBe(true);
  });
});

test('an agent that waits for a plugin names it', () => {
  phase = 'starting';
  reports = [plugin('test.a.v1.x', { status: 'pending', reason: 'waits for the cloud' })];
  expect(monitor.ready().checks).toContainEqual({
    name: 'agent',
    status: 'failed',
    reason: 'the agent is starting; test.a.v1.x is not ready yet: waits for the cloud',
  });
});

test.each(['starting', 'stopping'] as const)('an agent that is %s lives and is not ready', (is) => {
  phase = is;
  expect(answers()).toEqual([true, false, false]);
});

test('when nobody looks any more, what was seen last no longer counts', async () => {
  await beat(10);
  await clock.advance(31_000);
  expect(failed(monitor.live())).toEqual(['beat']);
  await beat(0);
  expect(monitor.live().ok).toBe(true);
});

test('listeners hear of each beat until they go', async () => {
  let heard = 0;
  const listening = monitor.onChange(() => heard++);
  await beat(0);
  expect(heard).toBeGreaterThan(0);
  listening[Symbol.dispose]();
  const before = heard;
  await beat(10);
  expect(heard).toBe(before);
});

test('listeners hear of a phase that has changed before the next beat, until the monitor goes; the log hears at the beat', async () => {
  await beat(0);
  const heard: boolean[] = [];
  using _listening = monitor.onChange(() => heard.push(monitor.ready().ok));
  reports = [plugin('test.a.v1.x', { status: 'failed' })];
  changed();
  phase = 'stopping';
  changed();
  expect(heard).toEqual([true, false]);
  expect(told).toEqual([]);
  monitor[Symbol.dispose]();
  changed();
  expect(heard).toHaveLength(2);
});
