import { describe, expect, it } from 'vitest';
import { A, B, C, chain, failure, pliable, plugin, setup, statuses, traced } from './reload.fixture.ts';

describe('a reload that fails', () => {
  it('for a fault of the graph touches nothing', async () => {
    const { seen, set, kernel, reload } = await setup(chain);
    seen.length = 0;
    const error = await failure(reload({ settings: { 'test.b.v1.middle': { v: 1 } } }, set.slice(1)));
    expect(error).toMatchObject({
      code: 'plugin.graph_invalid',
      message: "plugin 'middle' requires 'test.a.v1', which no plugin in this set provides",
    });
    expect(seen).toEqual([]);
    expect(statuses(kernel)).toEqual(['base ok', 'middle ok', 'top ok', 'bystander ok']);
  });

  it('goes back to what was, and says which step and why', async () => {
    const { seen, kernel, set, reload } = await setup(
      (seen) => [
        ...chain(seen).slice(0, 3),
        plugin(C, 'picky', (context) => {
          if (context.config['bad'] === true) throw new Error('not with me');
          return pliable(seen, 'picky', ['soft'])(context);
        }),
        plugin(A, 'soft', pliable(seen, 'soft'), { enabled: 'configured' }),
      ],
      { disabled: ['test.a.v1.soft'] },
    );
    seen.length = 0;
    const next = { settings: { 'test.a.v1.base': { v: 2 }, 'test.c.v1.picky': { bad: true } }, disabled: ['test.a.v1.soft'] };
    const error = await failure(reload(next, [...set, plugin(C, 'fresh', traced(seen, 'fresh'))]));
    expect(error).toMatchObject({
      code: 'plugin.reload_failed',
      message: "the reload failed, and what ran before runs again: plugin 'test.c.v1.picky' failed in start: not with me",
      details: { code: 'plugin.start_failed', off: [] },
    });
    expect(statuses(kernel)).toEqual(['base ok', 'middle ok', 'top ok', 'picky ok', 'soft disabled']);
    expect(seen.filter((line) => line.startsWith('start base'))).toEqual(['start base {"v":2}', 'start base {}']);
    expect(seen.filter((line) => line.endsWith(' fresh') || line.startsWith('start fresh'))).toEqual(['start fresh {}', 'stop fresh']);
    // The former config is the one that counts from then on.
    expect((await reload({ disabled: ['test.a.v1.soft'] })).steps).toEqual([]);
  });

  it('starts again who did not take its settings in place, and takes back what others had taken', async () => {
    const { seen, kernel, reload } = await setup((seen) => [
      plugin(A, 'first', pliable(seen, 'first')),
      plugin(B, 'second', (context) => {
        context.onReconfigure(() => Promise.reject(new Error('half-way')));
        return traced(seen, 'second')(context);
      }),
    ]);
    seen.length = 0;
    const error = await failure(reload({ settings: { 'test.a.v1.first': { v: 1 }, 'test.b.v1.second': { v: 1 } } }));
    expect(error).toMatchObject({ code: 'plugin.reload_failed', details: { code: 'plugin.reconfigure_failed' } });
    expect(seen).toEqual(['reconfigure first {"v":1}', 'stop second', 'start second {}', 'reconfigure first {}']);
    expect(statuses(kernel)).toEqual(['first ok', 'second ok']);
  });

  it('restarts with its former settings who takes the new ones in place, but not the former ones again', async () => {
    const { seen, kernel, reload } = await setup((seen) => [
      plugin(A, 'turnstile', (context) => {
        context.onReconfigure(({ v }) => (v === 1 ? undefined : Promise.reject(new Error('only forward'))));
        return traced(seen, 'turnstile')(context);
      }),
      plugin(B, 'second', (context) => {
        context.onReconfigure(() => Promise.reject(new Error('never')));
        return traced(seen, 'second')(context);
      }),
    ]);
    seen.length = 0;
    const next = { settings: { 'test.a.v1.turnstile': { v: 1 }, 'test.b.v1.second': { v: 1 } } };
    expect(await failure(reload(next))).toMatchObject({ code: 'plugin.reload_failed', details: { off: [] } });
    expect(seen).toEqual(['stop second', 'start second {}', 'stop turnstile', 'start turnstile {}']);
    expect(statuses(kernel)).toEqual(['turnstile ok', 'second ok']);
  });

  it('leaves one that had failed before as failed as it was, not half-way between two configs', async () => {
    const { kernel, reload } = await setup((seen) => [
      plugin(A, 'weak', (context) => {
        if (context.config['v'] !== 1) throw new Error('only with one');
        context.onReconfigure(() => Promise.reject(new Error('not in place')));
        return traced(seen, 'weak')(context);
      }),
      plugin(B, 'picky', ({ config }) => {
        if (config['bad'] === true) throw new Error('not with me');
        return '';
      }),
    ]);
    const next = { settings: { 'test.a.v1.weak': { v: 1 }, 'test.b.v1.picky': { bad: true } } };
    expect(await failure(reload(next))).toMatchObject({ code: 'plugin.reload_failed' });
    expect(statuses(kernel)).toEqual(['weak failed', 'picky ok']);
    expect((await reload({ settings: { 'test.a.v1.weak': { v: 1 } } })).steps).toMatchObject([{ action: 'start' }]);
    expect(statuses(kernel)).toEqual(['weak ok', 'picky ok']);
  });

  it('gives one up that hangs in taking its settings', async () => {
    let reason: unknown;
    const { clock, reload } = await setup(() => [
      plugin(
        A,
        'deaf',
        ({ onReconfigure }) => {
          onReconfigure((_, { signal }) => {
            signal.addEventListener('abort', () => (reason = signal.reason));
            return new Promise(() => {});
          });
          return '';
        },
        { startDeadlineMs: 400 },
      ),
    ]);
    const error = await failure(reload({ settings: { 'test.a.v1.deaf': { v: 1 } } }));
    expect(error).toMatchObject({ code: 'plugin.reload_failed', details: { code: 'plugin.reconfigure_deadline' } });
    expect(reason).toMatchObject({ code: 'plugin.reconfigure_deadline' });
    expect(clock.monotonic()).toBe(400);
  });

  it('says plainly what is off when not even the former can be had again', async () => {
    let starts = 0;
    const { kernel, reload } = await setup((seen) => [
      plugin(A, 'once', () => {
        if (starts++ > 0) throw new Error('only once');
        return '';
      }),
      ...chain(seen).slice(3),
    ]);
    const error = await failure(reload({ settings: { 'test.a.v1.once': { v: 1 } } }));
    expect(error).toMatchObject({ code: 'plugin.reload_incomplete', details: { off: ['test.a.v1.once'] } });
    expect(error.message).toBe(
      "the reload failed (plugin 'test.a.v1.once' failed in start: only once), and not all is as it was: 'test.a.v1.once' has failed: plugin 'test.a.v1.once' failed in start: only once",
    );
    expect(statuses(kernel)).toEqual(['once failed', 'bystander ok']);
  });

  it('is one whose required plugin is not ok, also one that had failed before', async () => {
    let broken = true;
    const { kernel, reload, dryRun } = await setup(() => [
      plugin(A, 'weak', () => {
        if (broken) throw new Error('no device');
        return '';
      }),
    ]);
    expect(dryRun({})).toEqual([]);
    const next = { required: ['test.a.v1.weak'] };
    expect(dryRun(next)).toMatchObject([{ action: 'start', reason: 'it is required, but failed' }]);
    expect(await failure(reload(next))).toMatchObject({ code: 'plugin.reload_failed', details: { code: 'plugin.required_failed' } });
    broken = false;
    await reload(next);
    expect(statuses(kernel)).toEqual(['weak ok']);
  });

  it('is not one in which somebody who had failed before fails again', async () => {
    const { kernel, reload } = await setup((seen) => [
      plugin(A, 'weak', () => Promise.reject(new Error('no device'))),
      ...chain(seen).slice(3),
    ]);
    const { steps } = await reload({ settings: { 'test.a.v1.weak': { v: 1 }, 'test.c.v1.bystander': { v: 1 } } });
    expect(steps.map(({ action }) => action)).toEqual(['start', 'restart']);
    expect(statuses(kernel)).toEqual(['weak failed', 'bystander ok']);
  });
});
