import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { testContext } from '../testing/index.ts';
import { definePlugin, type StartContext } from './definition.ts';
import { boot } from './boot.ts';
import type { WorkerOptions } from './scope.ts';
import { defineToken } from './token.ts';

const A = defineToken<string>()('test.a.v1');

type Work = (signal: AbortSignal, context: StartContext<unknown>) => Promise<void>;

/** A plugin with one worker on a held clock. */
async function start(work: Work, options?: WorkerOptions, stopDeadlineMs = 10_000) {
  const { clock, ...context } = testContext();
  const none = new Set<string>();
  const plugin = definePlugin({
    provides: A,
    id: 'one',
    summary: 'Has a worker.',
    stopDeadlineMs,
    start: (given) => {
      given.scope.spawn('work', (signal) => work(signal, given), options);
      return '';
    },
  });
  const kernel = await boot({
    plugins: [plugin],
    context: { ...context, clock },
    config: { settings: new Map(), configured: none, disabled: none, required: none },
    log: pino({ level: 'silent' }),
  });
  const report = () => kernel.reports()[0] ?? expect.fail('there is no plugin');
  return { clock, kernel, report, worker: () => report().workers?.[0] };
}

describe('a supervised worker', () => {
  it('is visible: name, state, rounds, failures, last error and next try', async () => {
    let fails = true;
    const { clock, kernel, worker } = await start(async (signal, { clock }) => {
      if (fails) throw new Error('no disk');
      await clock.sleep(1e9, signal);
    });
    const began = clock.now();
    await clock.advance(0);
    expect(worker()).toEqual({
      name: 'work',
      state: 'backing_off',
      rounds: 1,
      failures: 1,
      lastError: { code: 'plugin.worker_failed', message: "worker 'work' failed: no disk", remedy: expect.any(String) },
      nextAt: new Date(began + 100).toISOString(),
    });
    fails = false;
    await clock.advance(100);
    expect(worker()).toMatchObject({ state: 'running', rounds: 2, failures: 1 });
    await clock.advance(200);
    expect(worker()).toMatchObject({ state: 'running', failures: 0, lastError: { message: expect.stringContaining('no disk') } });
    await clock.runUntil(kernel.stop('test'));
    expect(worker()).toMatchObject({ state: 'stopped' });
  });

  it('that dies again and again after a moment is tried less and less often', async () => {
    const rounds: number[] = [];
    const { clock, report } = await start(async (_, { clock }) => {
      rounds.push(clock.monotonic());
      await clock.sleep(150, new AbortController().signal);
      throw new Error('again');
    });
    await clock.advance(600_000);
    const pauses = rounds.slice(1).map((at, index) => at - (rounds[index] ?? 0) - 150);
    expect(pauses.slice(0, 4)).toEqual([100, 200, 400, 800]);
    expect(pauses.at(-1)).toBe(30_000);
    expect(rounds.length).toBeLessThan(30);
    expect(report()).toMatchObject({ status: 'degraded' });
  });

  it('that has held for the longest back-off begins anew with the shortest', async () => {
    const rounds: number[] = [];
    const { clock } = await start(async (_, { clock }) => {
      rounds.push(clock.monotonic());
      if (rounds.length === 4) await clock.sleep(30_000, new AbortController().signal);
      throw new Error('again');
    });
    await clock.advance(31_000);
    expect(rounds).toEqual([0, 100, 300, 700, 30_800, 31_000]);
  });

  it('with an interval is called again and again, and waits meanwhile', async () => {
    const rounds: number[] = [];
    const { clock, kernel, worker } = await start(async (_, { clock }) => void rounds.push(clock.monotonic()), { everyMs: 1000 });
    await clock.advance(3500);
    expect(rounds).toEqual([0, 1000, 2000, 3000]);
    expect(worker()).toMatchObject({ state: 'waiting', rounds: 4, failures: 0, nextAt: new Date(clock.now() + 500).toISOString() });
    await clock.runUntil(kernel.stop('test'));
    expect(worker()?.state).toBe('stopped');
  });

  it('has a deadline for each round: one that obeys is started again after a back-off', async () => {
    const reasons: unknown[] = [];
    const { clock, report, worker } = await start(
      async (signal, { clock }) => {
        signal.addEventListener('abort', () => reasons.push(signal.reason));
        await clock.sleep(1e9, signal);
      },
      { deadlineMs: 500 },
    );
    await clock.advance(500);
    expect(reasons).toMatchObject([{ code: 'plugin.worker_deadline' }]);
    expect(worker()).toMatchObject({ state: 'backing_off', failures: 1 });
    expect(report()).toMatchObject({
      status: 'degraded',
      error: { code: 'plugin.worker_deadline', message: "worker 'work' did not end its round within 500 ms" },
    });
    await clock.advance(100);
    expect(worker()).toMatchObject({ state: 'running', rounds: 2 });
  });

  it('that is deaf to its deadline is stuck, degrades its plugin, and never runs twice at once', async () => {
    const gate = Promise.withResolvers<void>();
    let rounds = 0;
    const { clock, report, worker } = await start(
      async () => {
        if (rounds++ === 0) await gate.promise;
      },
      { deadlineMs: 500, everyMs: 1000 },
    );
    await clock.advance(60_000);
    expect([rounds, worker()?.state, report().status]).toEqual([1, 'stuck', 'degraded']);
    gate.resolve();
    await clock.advance(100);
    expect([rounds, worker()?.state, report().status]).toEqual([2, 'waiting', 'ok']);
  });

  it('that is deaf to the stop as well is named by the stop', async () => {
    const { clock, kernel } = await start(() => new Promise(() => {}), { deadlineMs: 100 }, 300);
    const { errors } = await clock.runUntil(kernel.stop('SIGTERM'));
    expect(errors.map(({ error }) => error.message)).toEqual(["'test.a.v1.one' did not release worker 'work' within 300 ms"]);
  });

  it('that is not to be restarted stays failed, and one that returns is done', async () => {
    const failed = await start(() => Promise.reject(new Error('once')), { restart: false });
    await failed.clock.advance(60_000);
    expect(failed.worker()).toMatchObject({ state: 'failed', rounds: 1, failures: 1 });
    const done = await start(async () => undefined);
    await done.clock.advance(60_000);
    expect(done.worker()).toEqual({ name: 'work', state: 'done', rounds: 1, failures: 0 });
  });
});
