import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import type { HawserError } from '../errors/index.ts';
import { testContext } from '../testing/index.ts';
import { type AnyPlugin, definePlugin, type StartContext } from './definition.ts';
import { boot, type BootOptions } from './kernel.ts';
import type { PluginConfig } from './plugin-config.ts';
import { defineToken, type Token } from './token.ts';

const A = defineToken<string>()('test.a.v1');
const B = defineToken<string>()('test.b.v1');
const C = defineToken<string>()('test.c.v1');

interface Given extends Partial<Omit<PluginConfig, 'settings'>> {
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal;
}

function setup(plugins: readonly AnyPlugin[], given: Given = {}) {
  const context = testContext();
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  const none = new Set<string>();
  const { configured = none, disabled = none, required = none, settings = {} } = given;
  const options: BootOptions = {
    plugins,
    context,
    log,
    config: { configured, disabled, required, settings: new Map(Object.entries(settings)) },
    ...(given.signal === undefined ? {} : { signal: given.signal }),
  };
  return { context, clock: context.clock, lines, start: () => boot(options) };
}

type Start = (context: StartContext<Record<string, never>>) => unknown;

function plugin(token: Token<string>, id: string, start: Start, more: Partial<AnyPlugin> = {}): AnyPlugin {
  return { provides: token, id, summary: `Plugin ${id}.`, start, ...more };
}

const failure = async (work: Promise<unknown>): Promise<HawserError> =>
  work.then(
    () => expect.fail('it should have failed'),
    (error: HawserError) => error,
  );

const never = () => new Promise<never>(() => {});

describe('boot', () => {
  it('starts what is required first, hands values over by name, and stops in reverse order', async () => {
    const seen: string[] = [];
    const trace = (id: string): Start => ({ scope }) => {
      seen.push(`start ${id}`);
      scope.defer(() => void seen.push(`stop ${id}`));
      return id;
    };
    const top = definePlugin({
      provides: C,
      id: 'top',
      summary: 'Top.',
      requires: { a: A, b: B.byId('two'), maybe: defineToken<number>()('test.none.v1').optional() },
      start: ({ a, b, maybe, scope }) => {
        scope.defer(() => void seen.push('stop top'));
        return `${a} ${b} ${maybe ?? 'none'}`;
      },
    });
    const kernel = await setup([top, plugin(B, 'two', trace('two'), { requires: { a: A } }), plugin(A, 'one', trace('one'))]).start();
    expect(kernel.reports().map(({ uri, status }) => `${uri} ${status}`)).toEqual(['test.a.v1.one ok', 'test.b.v1.two ok', 'test.c.v1.top ok']);
    expect(kernel.get(C)).toBe('one two none');
    const report = await kernel.stop('test');
    expect(report.errors).toEqual([]);
    expect(seen).toEqual(['start one', 'start two', 'stop top', 'stop two', 'stop one']);
    expect(kernel.get(C)).toBeUndefined();
    expect(kernel.reports().map(({ status }) => status)).toEqual(['stopped', 'stopped', 'stopped']);
  });

  it('starts independent plugins at the same time', async () => {
    const { clock, start } = setup([
      plugin(A, 'one', async ({ clock, signal }) => (await clock.sleep(500, signal), 'a')),
      plugin(B, 'two', async ({ clock, signal }) => (await clock.sleep(400, signal), 'b')),
    ]);
    const kernel = await clock.runUntil(start());
    expect(kernel.bootMs).toBe(500);
    expect(kernel.reports().map(({ startMs }) => startMs)).toEqual([500, 400]);
  });

  it('gives validated settings, else the defaults of the schema', async () => {
    const config = z.strictObject({ size: z.number().default(7) });
    const seen: unknown[] = [];
    const take: Start = ({ config }) => String(seen.push(config));
    const settings = { 'test.a.v1.one': { size: 9 } };
    await setup([plugin(A, 'one', take, { config }), plugin(A, 'two', take, { config }), plugin(A, 'bare', take)], { settings }).start();
    expect(seen).toEqual([{ size: 9 }, { size: 7 }, {}]);
  });

  it('tells all faults of the graph together, and starts nothing', async () => {
    let started = 0;
    const start = () => String(started++);
    const set = [plugin(A, 'one', start, { requires: { b: B } }), plugin(C, 'top', start, { requires: { x: A.byId('tow') } })];
    const error = await failure(setup(set).start());
    expect(error.code).toBe('plugin.graph_invalid');
    expect(error.message).toContain("plugin 'one' requires 'test.b.v1', which no plugin in this set provides");
    expect(error.message).toContain("plugin 'top' requires 'test.a.v1.tow', which no plugin in this set provides");
    expect(started).toBe(0);
  });

  it('lists disabled and unconfigured plugins with the reason', async () => {
    const set = [plugin(A, 'one', () => ''), plugin(B, 'two', () => '', { enabled: 'configured' })];
    const kernel = await setup(set, { disabled: new Set(['test.a.v1.one']) }).start();
    expect(kernel.reports().map(({ status, reason }) => `${status}: ${reason}`)).toEqual(['disabled: disabled by config', 'disabled: not configured']);
    expect(kernel.get(A)).toBeUndefined();
  });
});

describe('one bad plugin', () => {
  const bystander = plugin(B, 'bystander', () => 'b');

  it('takes along only those that can not do without it, with the reason', async () => {
    const set = [
      plugin(A, 'bad', () => Promise.reject(new Error('no such device'))),
      plugin(C, 'needs', () => 'c', { requires: { a: A } }),
      plugin(C, 'wants', () => 'c', { requires: { a: A.optional() } }),
      bystander,
    ];
    const kernel = await setup(set).start();
    const [bad, needs, wants, other] = kernel.reports();
    expect(bad).toMatchObject({ status: 'failed', error: { code: 'plugin.start_failed', message: "plugin 'test.a.v1.bad' failed in start: no such device" } });
    expect(needs).toMatchObject({ status: 'failed', error: { code: 'plugin.requirement_failed' } });
    expect(needs?.error?.message).toContain("requires 'test.a.v1.bad', which has failed: ");
    expect([wants?.status, other?.status]).toEqual(['ok', 'ok']);
    expect(kernel.get(C)).toBe('c');
  });

  it('that skips itself makes those skip too', async () => {
    const set = [plugin(A, 'one', ({ skip }) => skip('no IPv6 on this host')), plugin(C, 'needs', () => 'c', { requires: { a: A } })];
    const kernel = await setup(set).start();
    expect(kernel.reports().map(({ status, reason }) => `${status}: ${reason}`)).toEqual([
      'skipped: no IPv6 on this host',
      "skipped: requires 'test.a.v1.one', which was skipped: no IPv6 on this host",
    ]);
  });

  it('does not take down who asks for all of its type, who hears why', async () => {
    const asks = definePlugin({
      provides: C,
      id: 'asks',
      summary: 'Asks for all.',
      requires: { all: A.all() },
      start: ({ all }) => [...all].map(([id, value]) => `${id}=${value}`).join() + `|${all.ids().join()}|${all.get('bad') ?? 'none'}|${['bad', 'off', 'gone', 'good'].map(all.whyNot).join('; ')}`,
    });
    const bad = plugin(A, 'bad', () => Promise.reject(new Error('broken')));
    const set = [bad, plugin(A, 'good', () => 'g'), plugin(A, 'off', () => 'o', { enabled: 'configured' }), asks];
    const kernel = await setup(set).start();
    expect(kernel.get(C)).toBe(
      "good=g|good|none|has failed: plugin 'test.a.v1.bad' failed in start: broken; is disabled (not configured); is not in this agent; is ok",
    );
  });

  it('stops the boot when it is required, after releasing what had started', async () => {
    const released: string[] = [];
    const good = plugin(A, 'good', ({ scope }) => (scope.defer(() => void released.push('good')), 'a'));
    const bad = plugin(B, 'bad', () => Promise.reject(new Error('broken')), { requires: { a: A } });
    const error = await failure(setup([good, bad], { required: new Set(['test.b.v1.bad']) }).start());
    expect(error).toMatchObject({ code: 'plugin.required_failed', cause: { code: 'plugin.start_failed' } });
    expect(error.message).toBe("plugin 'test.b.v1.bad' is in `required`, but has failed: plugin 'test.b.v1.bad' failed in start: broken");
    expect(released).toEqual(['good']);
  });

  it('that throws something odd, or at once, is only failed', async () => {
    const set = [
      plugin(A, 'one', () => {
        throw 'text';
      }),
      plugin(B, 'two', () => Promise.reject(undefined)),
    ];
    const kernel = await setup(set).start();
    expect(kernel.reports().map(({ error }) => error?.message)).toEqual([
      "plugin 'test.a.v1.one' failed in start: text",
      "plugin 'test.b.v1.two' failed in start: undefined",
    ]);
  });
});

describe('a start that takes too long', () => {
  it('fails at its deadline, hears it by its signal, and is told of meanwhile', async () => {
    let reason: unknown;
    const slow = plugin(A, 'slow', ({ signal }) => (signal.addEventListener('abort', () => (reason = signal.reason)), never()));
    const { clock, lines, start } = setup([slow, plugin(B, 'waits', () => '', { requires: { a: A } })]);
    const kernel = await clock.runUntil(start());
    expect(kernel.reports()[0]?.error).toMatchObject({ code: 'plugin.start_deadline', message: "plugin 'test.a.v1.slow' did not start within 10000 ms" });
    expect(reason).toMatchObject({ code: 'plugin.start_deadline' });
    expect(kernel.bootMs).toBe(10_000);
    const words = lines.filter((line) => line.includes('still starting'));
    expect(words).toHaveLength(2);
    expect(words[0]).toContain('still starting: test.a.v1.slow (2000 ms), test.b.v1.waits (waits for what it requires)');
  });

  it('leaks nothing that it takes or returns too late', async () => {
    const released: string[] = [];
    const gate = Promise.withResolvers<void>();
    const late = plugin(A, 'late', async ({ scope }) => {
      scope.defer(() => void released.push('early'));
      await gate.promise;
      scope.defer(() => void released.push('late'));
      return { [Symbol.dispose]: () => void released.push('value') };
    }, { startDeadlineMs: 100 });
    const { clock, start } = setup([late]);
    const kernel = await clock.runUntil(start());
    expect(kernel.reports()[0]?.status).toBe('failed');
    expect(released).toEqual([]);
    gate.resolve();
    const { errors } = await clock.runUntil(kernel.stop('test'));
    expect(errors).toEqual([]);
    expect(released.sort()).toEqual(['early', 'late', 'value']);
  });

  it('releases at once what it takes after it was given up altogether', async () => {
    const released: string[] = [];
    const gate = Promise.withResolvers<void>();
    let thrown: unknown;
    const late = plugin(A, 'late', async ({ scope }) => {
      await gate.promise;
      try {
        scope.use({ [Symbol.asyncDispose]: async () => void released.push('late') });
      } catch (error) {
        thrown = error;
        throw error;
      }
      return '';
    }, { startDeadlineMs: 100, stopDeadlineMs: 100 });
    const { clock, start } = setup([late]);
    const kernel = await clock.runUntil(start());
    await clock.advance(200);
    gate.resolve();
    await clock.advance(1);
    expect(released).toEqual(['late']);
    expect(thrown).toMatchObject({ code: 'plugin.scope_closed' });
    await kernel.stop('test');
  });
});

describe('cancelling a boot', () => {
  it('stops what has started and what is starting', async () => {
    const abort = new AbortController();
    const seen: string[] = [];
    const set = [
      plugin(A, 'one', ({ scope }) => (scope.defer(() => void seen.push('one released')), 'a')),
      plugin(B, 'two', async ({ clock, signal }) => (await clock.sleep(5000, signal).catch((error: Error) => (seen.push(error.message), Promise.reject(error))), 'b')),
      plugin(C, 'three', () => void seen.push('never'), { requires: { b: B } }),
    ];
    const { clock, start } = setup(set, { signal: abort.signal });
    clock.timer(1000, () => abort.abort(new Error('SIGTERM')));
    const error = await failure(clock.runUntil(start()));
    expect(error).toMatchObject({ code: 'plugin.boot_cancelled', message: 'the boot was cancelled: SIGTERM' });
    expect(seen).toEqual(["'test.b.v1.two' is stopping: the boot was cancelled: SIGTERM", 'one released']);
  });

  it('lets a start come to its end before its scope is closed, and releases what it returns', async () => {
    const abort = new AbortController();
    const seen: string[] = [];
    const slow = plugin(A, 'slow', async ({ scope, clock }) => {
      await clock.sleep(150, new AbortController().signal);
      scope.defer(() => void seen.push('resource'));
      return { [Symbol.asyncDispose]: async () => void seen.push('value') };
    });
    const { clock, start } = setup([slow], { signal: abort.signal });
    clock.timer(100, () => abort.abort(new Error('SIGTERM')));
    await failure(clock.runUntil(start()));
    expect(clock.monotonic()).toBe(150);
    expect(seen.sort()).toEqual(['resource', 'value']);
  });

  it('before it begins starts nothing', async () => {
    let started = 0;
    const error = await failure(setup([plugin(A, 'one', () => String(started++))], { signal: AbortSignal.abort('now') }).start());
    expect([error.code, started]).toEqual(['plugin.boot_cancelled', 0]);
  });
});

describe('stop', () => {
  it('tries every release, collects errors, and is one stop when called twice', async () => {
    const seen: string[] = [];
    const one = plugin(A, 'one', ({ scope }) => {
      scope.defer(() => void seen.push('first taken'));
      scope.defer(() => {
        throw new Error('stuck fast');
      });
      scope.defer(() => void seen.push('last taken'));
      return '';
    });
    const kernel = await setup([one]).start();
    const [first, second] = await Promise.all([kernel.stop('a'), kernel.stop('b')]);
    expect(seen).toEqual(['last taken', 'first taken']);
    expect(first).toBe(second);
    expect(first.errors).toMatchObject([{ uri: 'test.a.v1.one', error: { code: 'plugin.release_failed' } }]);
    expect(kernel.reports()[0]).toMatchObject({ status: 'stopped', error: { code: 'plugin.release_failed' } });
  });

  it('goes on past a release that hangs, once the plugin’s deadline has passed', async () => {
    const seen: string[] = [];
    const hangs = plugin(B, 'hangs', ({ scope }) => {
      scope.defer(() => void seen.push('before the one that hangs'));
      scope.defer(never);
      return '';
    }, { requires: { a: A }, stopDeadlineMs: 300 });
    const { clock, start } = setup([plugin(A, 'base', ({ scope }) => (scope.defer(() => void seen.push('base')), '')), hangs]);
    const kernel = await start();
    const report = await clock.runUntil(kernel.stop('test'));
    expect(seen).toEqual(['before the one that hangs', 'base']);
    expect(report.durationMs).toBe(300);
    expect(report.errors.map(({ error }) => error.message)).toEqual(["'test.b.v1.hangs' did not release never within 300 ms"]);
  });

  it('tells every worker the reason, and waits for it before it releases what came earlier', async () => {
    const seen: string[] = [];
    const one = plugin(A, 'one', ({ scope, clock }) => {
      scope.defer(() => void seen.push('released'));
      scope.spawn('tick', async (signal) => {
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()));
        await clock.sleep(50, new AbortController().signal);
        seen.push(String(signal.reason));
      });
      return '';
    });
    const { clock, start } = setup([one]);
    const kernel = await start();
    await clock.runUntil(kernel.stop('SIGTERM'));
    expect(seen).toEqual(["HawserError: 'test.a.v1.one' is stopping: SIGTERM", 'released']);
  });
});

describe('status', () => {
  it('goes between ok and degraded by the plugin’s own word, and listeners hear of it', async () => {
    let word: StartContext<unknown>['status'] | undefined;
    const kernel = await setup([plugin(A, 'one', ({ status }) => ((word = status), 'a'))]).start();
    const heard: string[] = [];
    using _listener = kernel.onChange(({ status, error }) => heard.push(`${status} ${error?.message ?? ''}`));
    word?.degraded(new Error('slow'));
    expect(kernel.get(A)).toBe('a');
    word?.ok();
    word?.ok();
    await kernel.stop('test');
    word?.degraded(new Error('too late'));
    expect(heard).toEqual(['degraded slow', 'ok ', 'stopping ', 'stopped ']);
  });

  it('is degraded from the first when a plugin says so in start', async () => {
    const kernel = await setup([plugin(A, 'one', ({ status }) => (status.degraded(new Error('half')), 'a'))]).start();
    expect(kernel.reports()[0]).toMatchObject({ status: 'degraded', error: { message: 'half' } });
  });

  it('survives listeners that throw', async () => {
    let word: StartContext<unknown>['status'] | undefined;
    const kernel = await setup([plugin(A, 'one', ({ status }) => ((word = status), 'a'))]).start();
    let heard = 0;
    kernel.onChange(() => {
      throw new Error('mine');
    });
    kernel.onChange(() => heard++);
    word?.degraded(new Error('x'));
    expect(heard).toBe(1);
  });
});

describe('a worker', () => {
  it('degrades its plugin when it throws, and is started again after a growing back-off until it holds', async () => {
    const runs: number[] = [];
    const one = plugin(A, 'one', ({ scope, clock }) => {
      scope.spawn('flaky', async (signal) => {
        runs.push(clock.monotonic());
        if (runs.length < 5) throw new Error('boom');
        await clock.sleep(1e9, signal);
      });
      return '';
    });
    const { clock, start } = setup([one]);
    const kernel = await start();
    await clock.advance(1500);
    expect(runs).toEqual([0, 100, 300, 700, 1500]);
    expect(kernel.reports()[0]).toMatchObject({ status: 'degraded', error: { code: 'plugin.worker_failed', message: "worker 'flaky' failed: boom" } });
    await clock.advance(1600);
    expect(kernel.reports()[0]?.status).toBe('ok');
    expect((await kernel.stop('test')).errors).toEqual([]);
  });

  it('is not started again when it has returned, or was not to be', async () => {
    let runs = 0;
    const one = plugin(A, 'one', ({ scope }) => {
      scope.spawn('done', async () => void runs++);
      scope.spawn('once', async () => Promise.reject(new Error(`run ${++runs}`)), { restart: false });
      return '';
    });
    const { clock, start } = setup([one]);
    const kernel = await start();
    await clock.advance(60_000);
    expect([runs, kernel.reports()[0]?.status]).toEqual([2, 'degraded']);
  });

  it('has its error collected when it fails because of the stop, not when it only says that it was stopped', async () => {
    const one = plugin(A, 'one', ({ scope, clock }) => {
      scope.spawn('fine', (signal) => clock.sleep(1e9, signal));
      scope.spawn('bad', async (signal) => clock.sleep(1e9, signal).catch(() => Promise.reject(new Error('lost my file'))));
      return '';
    });
    const { errors } = await (await setup([one]).start()).stop('test');
    expect(errors.map(({ error }) => error.message)).toEqual(["worker 'bad' failed: lost my file"]);
  });
});
