import { describe, expect, it } from 'vitest';
import { toHawserError } from '../errors/index.ts';
import { A, B, C, chain, configOf, plugin, pliable, setup, statuses, traced } from './reload.fixture.ts';
import type { Providers } from './token.ts';

describe('a reload', () => {
  it('to the same does nothing', async () => {
    const given = { settings: { 'test.a.v1.base': { v: 1 } } };
    const { seen, reload } = await setup(chain, given);
    seen.length = 0;
    expect(await reload({ settings: { 'test.a.v1.base': { v: 1 } } })).toMatchObject({ steps: [], errors: [] });
    expect(seen).toEqual([]);
  });

  it('restarts the plugin whose settings have changed and its dependents, in order, and nobody else', async () => {
    const { seen, kernel, reload, dryRun } = await setup(chain);
    seen.length = 0;
    const next = { settings: { 'test.a.v1.base': { v: 2 } } };
    const steps = [
      { uri: 'test.a.v1.base', action: 'restart', reason: 'its settings have changed: v' },
      { uri: 'test.b.v1.middle', action: 'restart', reason: "it requires 'test.a.v1.base', which is restarted" },
      { uri: 'test.c.v1.top', action: 'restart', reason: "it requires 'test.b.v1.middle', which is restarted" },
    ];
    expect(dryRun(next)).toEqual(steps);
    expect(seen).toEqual([]);
    expect((await reload(next)).steps).toEqual(steps);
    expect(seen).toEqual(['stop top', 'stop middle', 'stop base', 'start base {"v":2}', 'start middle {}', 'start top {}']);
    expect(statuses(kernel)).toEqual(['base ok', 'middle ok', 'top ok', 'bystander ok']);
  });

  it('reconfigures in place who offers it for these keys, and restarts it for others', async () => {
    const { seen, reload } = await setup((seen) => [
      plugin(A, 'base', pliable(seen, 'base', ['soft'])),
      plugin(B, 'middle', traced(seen, 'middle'), { requires: { a: A } }),
    ]);
    seen.length = 0;
    expect((await reload({ settings: { 'test.a.v1.base': { soft: 1 } } })).steps).toEqual([
      { uri: 'test.a.v1.base', action: 'reconfigure', reason: 'its settings have changed: soft' },
    ]);
    expect(seen).toEqual(['reconfigure base {"soft":1}']);
    const { steps } = await reload({ settings: { 'test.a.v1.base': { soft: 2, hard: 1 } } });
    expect(steps.map(({ action }) => action)).toEqual(['restart', 'restart']);
    expect(seen.slice(1)).toEqual(['stop middle', 'stop base', 'start base {"soft":2,"hard":1}', 'start middle {}']);
  });

  it('starts what has come and stops what has gone; who can do without it is restarted without it', async () => {
    const { seen, kernel, set, reload } = await setup(chain);
    seen.length = 0;
    expect((await reload({ disabled: ['test.b.v1.middle'] })).steps.map(({ action, reason }) => `${action}: ${reason}`)).toEqual([
      'stop: it is disabled by config',
      "restart: it requires 'test.b.v1.middle', which stops",
    ]);
    expect(seen).toEqual(['stop top', 'stop middle', 'start top {}']);
    expect(statuses(kernel)).toEqual(['base ok', 'middle disabled', 'top ok', 'bystander ok']);
    expect(kernel.get(B)).toBeUndefined();
    await reload({}, [...set.slice(1), plugin(A, 'other', traced(seen, 'other'))]);
    expect(seen.slice(3)).toEqual(['stop top', 'stop base', 'start other {}', 'start middle {}', 'start top {}']);
    expect(kernel.get(A)).toBe('other');
  });

  it('that switches a plugin off says so last: who listens for its status hears why it is gone', async () => {
    const { kernel, reload } = await setup(chain);
    const heard: string[] = [];
    kernel.onChange(({ id, status, reason }) => void (id === 'middle' && heard.push(`${status}: ${reason}`)));
    const off = { disabled: ['test.b.v1.middle'] };
    await reload(off);
    expect(heard).toEqual(['stopping: the config was reloaded', 'stopped: the config was reloaded', 'disabled: disabled by config']);
    await reload({ ...off, settings: { 'test.a.v1.base': { v: 2 } } });
    expect(heard).toHaveLength(3);
  });

  it('is seen live by who asks for all: a provider that comes, goes, or fails', async () => {
    let all: Providers<string> | undefined;
    const asks = plugin(C, 'asks', (context) => ((all = (context as unknown as { all: Providers<string> }).all), 'asks'), {
      requires: { all: A.all() },
    });
    const { set, reload } = await setup((seen) => [asks, plugin(A, 'one', traced(seen, 'one'), { enabled: 'configured' })]);
    expect([all?.ids(), all?.whyNot('one')]).toEqual([[], 'is disabled (not configured)']);
    const two = plugin(A, 'two', () => 'zwei');
    const { steps } = await reload({ settings: { 'test.a.v1.one': {} } }, [...set, two]);
    expect(steps.map(({ uri }) => uri)).toEqual(['test.a.v1.one', 'test.a.v1.two']);
    expect([...(all ?? [])]).toEqual([
      ['one', 'one'],
      ['two', 'zwei'],
    ]);
    await reload({});
    expect([all?.ids(), all?.whyNot('two')]).toEqual([[], 'is not in this agent']);
  });
});

describe('reloads at once', () => {
  it('queue: each begins when the one before it has ended, also after one that failed', async () => {
    const { seen, kernel, clock, set } = await setup((seen) => [
      plugin(A, 'slow', async (context) => {
        await context.clock.sleep(100, context.signal);
        if (context.config['v'] === 2) throw new Error('not two');
        return traced(seen, 'slow')(context);
      }),
    ]);
    seen.length = 0;
    const reloads = [1, 2, 3].map((v) => kernel.reload({ plugins: set, config: configOf({ settings: { 'test.a.v1.slow': { v } } }) }));
    const outcomes = await clock.runUntil(Promise.allSettled(reloads));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(seen).toEqual(['stop slow', 'start slow {"v":1}', 'stop slow', 'start slow {"v":1}', 'stop slow', 'start slow {"v":3}']);
  });

  it('can be ended before the stop: nothing new begins, nothing is put back, the others go on', async () => {
    const { seen, kernel, clock, set } = await setup((seen) => [
      plugin(A, 'slow', async (context) => {
        await context.clock.sleep(500, context.signal);
        return traced(seen, 'slow')(context);
      }),
      plugin(B, 'after', traced(seen, 'after'), { requires: { a: A } }),
      plugin(C, 'other', traced(seen, 'other')),
    ]);
    seen.length = 0;
    const next = { plugins: set, config: configOf({ settings: { 'test.a.v1.slow': { v: 1 } } }) };
    const reloads = Promise.allSettled([kernel.reload(next), kernel.reload(next)]);
    await clock.advance(100);
    kernel.endReloads('SIGTERM');
    const outcomes = await clock.runUntil(reloads);
    expect(outcomes).toMatchObject([{ reason: { code: 'plugin.reload_cancelled' } }, { reason: { code: 'plugin.reload_cancelled' } }]);
    expect(seen).toEqual(['stop after', 'stop slow', 'start slow {"v":1}']);
    expect(statuses(kernel)).toEqual(['slow ok', 'after starting', 'other ok']);
    expect((await clock.runUntil(kernel.stop('SIGTERM'))).errors).toEqual([]);
    expect(seen.slice(3)).toEqual(['stop other', 'stop slow']);
  });

  it('are ended by a stop, which tells each start the reason and begins nothing new', async () => {
    const reasons: string[] = [];
    const { seen, kernel, clock, set } = await setup((seen) => [
      plugin(A, 'slow', async (context) => {
        if (context.config['v'] !== undefined) {
          context.signal.addEventListener('abort', () => reasons.push(toHawserError(context.signal.reason).message));
          await context.clock.sleep(5000, context.signal);
        }
        return traced(seen, 'slow')(context);
      }),
      plugin(B, 'after', traced(seen, 'after'), { requires: { a: A } }),
    ]);
    seen.length = 0;
    const next = { plugins: set, config: configOf({ settings: { 'test.a.v1.slow': { v: 1 } } }) };
    const reloads = Promise.allSettled([kernel.reload(next), kernel.reload(next)]);
    await clock.advance(1000);
    const { errors } = await clock.runUntil(kernel.stop('SIGTERM'));
    const outcomes = await clock.runUntil(reloads);
    expect(outcomes).toMatchObject([{ reason: { code: 'plugin.reload_cancelled' } }, { reason: { code: 'plugin.reload_cancelled' } }]);
    expect([errors, seen, reasons]).toEqual([[], ['stop after', 'stop slow'], ["'test.a.v1.slow' is stopping: SIGTERM"]]);
    expect(clock.monotonic()).toBe(1000);
  });
});
