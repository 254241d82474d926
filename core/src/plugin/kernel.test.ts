import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { type HawserError, toHawserError } from '../errors/index.ts';
import { testContext } from '../testing/index.ts';
import { type AnyPlugin, definePlugin, type StartContext } from './definition.ts';
import { boot } from './boot.ts';
import type { BootOptions } from './kernel.ts';
import type { PluginConfig } from './plugin-config.ts';
import { defineToken, type Token } from './token.ts';

const A = defineToken<string>()('test.a.v1');
const B = defineToken<string>()('test.b.v1');
const C = defineToken<string>()('test.c.v1');

interface Given extends Partial<Omit<PluginConfig, 'settings'>> {
  readonly settings?: Readonly<Record<string, unknown>>;
  readonly signal?: AbortSignal;
}

/** A boot on a held clock, and the lines that it logs. */
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

/** A plugin of which only its start matters. */
function plugin(token: Token<string>, id: string, start: Start, more: Partial<AnyPlugin> = {}): AnyPlugin {
  return { provides: token, id, summary: `Plugin ${id}.`, start, ...more };
}

/** What a promise rejects with. */
const failure = async (work: Promise<unknown>): Promise<HawserError> =>
  work.then(
    () => {
      throw new Error('it should have failed');
    },
    (error: unknown) => toHawserError(error),
  );

const never = () => new Promise<never>(() => {});

describe('boot', () => {
  it('starts what is required first, hands values over by name, and stops in reverse order', async () => {
    const seen: string[] = [];
    const trace =
      (id: string): Start =>
      ({ scope }) => {
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
    expect(kernel.reports().map(({ uri, status }) => `${uri} ${status}`)).toEqual([
      'test.a.v1.one ok',
      'test.b.v1.two ok',
      'test.c.v1.top ok',
    ]);
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
    expect(kernel.reports().map(({ status, reason }) => `${status}: ${reason}`)).toEqual([
      'disabled: disabled by config',
      'disabled: not configured',
    ]);
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
    expect(bad).toMatchObject({
      status: 'failed',
      error: { code: 'plugin.start_failed', message: "plugin 'test.a.v1.bad' failed in start: no such device" },
    });
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
      start: ({ all }) =>
        [...all].map(([id, value]) => `${id}=${value}`).join() +
        `|${all.ids().join()}|${all.get('bad') ?? 'none'}|${['bad', 'off', 'gone', 'good'].map(all.whyNot).join('; ')}`,
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
    const slow = plugin(A, 'slow', ({ signal }) => (signal.addEventListener('abort', () => void (reason = signal.reason)), never()));
    const { clock, lines, start } = setup([slow, plugin(B, 'waits', () => '', { requires: { a: A } })]);
    const kernel = await clock.runUntil(start());
    expect(kernel.reports()[0]?.error).toMatchObject({
      code: 'plugin.start_deadline',
      message: "plugin 'test.a.v1.slow' did not start within 10000 ms",
    });
    expect(reason).toMatchObject({ code: 'plugin.start_deadline' });
    expect(kernel.bootMs).toBe(10_000);
    const words = lines.filter((line) => line.includes('still starting'));
    expect(words).toHaveLength(2);
    expect(words[0]).toContain('still starting: test.a.v1.slow (2000 ms), test.b.v1.waits (waits for what it requires)');
  });
});

describe('cancelling a boot', () => {
  it('stops what has started and what is starting', async () => {
    const abort = new AbortController();
    const seen: string[] = [];
    const set = [
      plugin(A, 'one', ({ scope }) => (scope.defer(() => void seen.push('one released')), 'a')),
      plugin(
        B,
        'two',
        async ({ clock, signal }) => (
          await clock.sleep(5000, signal).catch((error: unknown) => (seen.push(toHawserError(error).message), Promise.reject(error))),
          'b'
        ),
      ),
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
