import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { defineErrors, toHawserError } from '../errors/index.ts';
import { testContext } from '../testing/index.ts';
import type { assemble } from './assemble.ts';
import { type AnyPlugin, definePlugin, type StatusReporter } from './definition.ts';
import { boot } from './boot.ts';
import { PLUGIN_TRANSITIONS } from './lifecycle.ts';
import { planBoot } from './plan.ts';
import type { PluginConfig } from './plugin-config.ts';
import { defineToken } from './token.ts';

/**
 * The rules that the design of the plugin author's side learnt from others; those on config and on contract tests stand beside
 * their code.
 */
const A = defineToken<string>()('test.a.v1');
const B = defineToken<string>()('test.b.v1');

const none: ReadonlySet<string> = new Set();
const config: PluginConfig = { settings: new Map(), configured: none, disabled: none, required: none };

async function run(plugins: readonly AnyPlugin[]) {
  const context = testContext();
  const lines: Record<string, unknown>[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(JSON.parse(line) as Record<string, unknown>) });
  const ways: string[] = [];
  const last = new Map<string, string>();
  const kernel = await context.clock.runUntil(
    boot({
      plugins,
      config,
      context,
      log,
      onChange: ({ uri, status }) => {
        // The same again is another reason, or another error.
        if (last.get(uri) !== status) ways.push(`${last.get(uri) ?? 'starting'} → ${status}`);
        last.set(uri, status);
      },
    }),
  );
  return { kernel, lines, ways, clock: context.clock };
}

const plugin = (id: string, start: AnyPlugin['start'], more: Partial<AnyPlugin> = {}): AnyPlugin => ({
  provides: A,
  id,
  summary: 'A plugin.',
  start,
  ...more,
});

describe('the rules of plugins', () => {
  it('1: registration is an object that is handed over, and nothing else: defining one has no effect', async () => {
    const kept = definePlugin({ provides: A, id: 'kept', summary: 'Is used.', start: () => 'kept' });
    const left = definePlugin({ provides: A, id: 'left', summary: 'Is not used.', start: () => 'left' });
    expect([Object.isFrozen(kept), left.id]).toEqual([true, 'left']);
    expect((await run([kept])).kernel.reports().map(({ id }) => id)).toEqual(['kept']);
  });

  it('2: a token is a typed value with a versioned literal id', () => {
    const id: 'test.a.v1' = A.id;
    expect(id).toBe('test.a.v1');
    const unversioned = plugin('x', () => '', { provides: defineToken<string>()('test.a') });
    expect(planBoot([unversioned], config).faults.map(({ message }) => message)).toEqual([
      "plugin 'x' provides 'test.a', which is no type id",
    ]);
  });

  it('3: a compile error is the sentence that boot would say', () => {
    const needy = definePlugin({ provides: B, id: 'needy', summary: 'Needs A.', requires: { a: A }, start: ({ a }) => a });
    type Sentence<T> = T extends (plugins: infer P) => unknown ? P : never;
    const [sentence]: Sentence<typeof assemble<readonly [typeof needy]>> = [
      "plugin 'needy' requires 'test.a.v1', which no plugin in this set provides",
    ];
    expect(planBoot([needy], config).faults.map(({ message }) => message)).toEqual([sentence]);
  });

  it('4: the graph is solved before anything is made, and missing, duplicate and circular are told together with their paths', async () => {
    let started = 0;
    const start = () => String(started++);
    const ring = (id: string, other: string) => plugin(id, start, { requires: { other: A.byId(other) } });
    const set = [
      plugin('needy', start, { requires: { b: B } }),
      plugin('twin', start),
      plugin('twin', start),
      ring('x', 'y'),
      ring('y', 'x'),
    ];
    const error = await run(set).then(() => expect.fail('it booted'), toHawserError);
    const faults = error.details['faults'] as readonly { kind: string; path: readonly string[] }[];
    expect(faults.map(({ kind, path }) => `${kind} ${path.length}`)).toEqual(['duplicate 1', 'missing 2', 'cycle 3']);
    expect(started).toBe(0);
  });

  it('5: settings are there for everyone before anyone starts', async () => {
    let started = 0;
    const strict = plugin('strict', () => '', { config: z.strictObject({ must: z.string() }) });
    const error = await run([plugin('first', () => String(started++)), strict]).then(() => expect.fail('it booted'), toHawserError);
    expect([error.code, started]).toEqual(['plugin.graph_invalid', 0]);
  });

  it('6: what was taken is released in reverse, also after a partial start, and every error is collected', async () => {
    const seen: string[] = [];
    const half = plugin('half', ({ scope }) => {
      for (const name of ['first', 'second', 'third']) {
        scope.defer(() => {
          seen.push(name);
          if (name === 'second') throw new Error('stuck');
        });
      }
      throw new Error('half-way');
    });
    const { lines } = await run([half]);
    expect(seen).toEqual(['third', 'second', 'first']);
    expect(lines.some(({ msg }) => String(msg).includes("of 'test.a.v1.half' was not released: stuck"))).toBe(true);
  });

  it('7: every wait ends with the signal: a worker, its back-off, a change of settings', async () => {
    const waits = plugin(
      'waits',
      ({ scope, clock, onReconfigure }) => {
        scope.spawn('asleep', (signal) => clock.sleep(1e9, signal));
        scope.spawn('backing off', () => Promise.reject(new Error('again')));
        onReconfigure((_, { signal }) => clock.sleep(1e9, signal));
        return '';
      },
      { config: z.looseObject({}) },
    );
    const { kernel, clock } = await run([waits]);
    await clock.advance(10_000);
    const at = clock.monotonic();
    const next = { plugins: [waits], config: { ...config, settings: new Map([['test.a.v1.waits', { v: 1 }]]) } };
    const reload = kernel.reload(next).then(() => expect.fail('it was reloaded'), toHawserError);
    await clock.advance(10);
    await clock.runUntil(kernel.stop('SIGTERM'));
    expect((await reload).code).toBe('plugin.reload_cancelled');
    expect(clock.monotonic() - at).toBe(10);
  });

  it('7: every wait ends with the signal: a start, when the boot is cancelled or it is late', async () => {
    const why: unknown[] = [];
    const waits = plugin('waits', async ({ clock, signal }) => {
      signal.addEventListener('abort', () => why.push(toHawserError(signal.reason).message));
      await clock.sleep(1e9, signal);
    });
    const context = testContext();
    const stop = new AbortController();
    const log = pino({ level: 'silent' });
    const booting = boot({ plugins: [waits], config, context, log, signal: stop.signal }).then(() => undefined, toHawserError);
    await context.clock.advance(10);
    stop.abort(new Error('SIGTERM'));
    expect((await context.clock.runUntil(booting))?.code).toBe('plugin.boot_cancelled');
    expect(context.clock.monotonic()).toBe(10);
    await run([waits]);
    expect(why).toEqual([
      "'test.a.v1.waits' is stopping: the boot was cancelled: SIGTERM",
      "plugin 'test.a.v1.waits' did not start within 10000 ms",
    ]);
  });

  it('8: a status goes only the ways of the table, and each outcome can be listed', async () => {
    let word: StatusReporter | undefined;
    const moody = plugin('moody', ({ status }) => {
      word = status;
      status.pending('a moment');
      return '';
    });
    const { kernel, ways } = await run([
      moody,
      plugin('skips', ({ skip }) => skip('not here')),
      plugin('fails', () => Promise.reject(new Error('no'))),
      plugin('off', () => '', { enabled: 'configured' }),
    ]);
    word?.degraded(new Error('half'));
    word?.ok();
    await kernel.stop('test');
    word?.ok();
    expect(kernel.reports().map(({ id, status }) => `${id} ${status}`)).toEqual([
      'moody stopped',
      'skips skipped',
      'fails failed',
      'off disabled',
    ]);
    const table = new Set(Object.entries(PLUGIN_TRANSITIONS).flatMap(([from, tos]) => tos.map((to) => `${from} → ${to}`)));
    expect(ways.filter((way) => !table.has(way))).toEqual([]);
    expect(ways).toContain('starting → pending');
    expect(ways).toContain('pending → degraded');
  });

  it('9: a failure names plugin, phase, cause and remedy', async () => {
    const errors = defineErrors('test', { noDevice: { kind: 'NotFound', remedy: 'Plug it in.' } });
    const cause = errors.noDevice('there is no eth9');
    const fails = plugin('fails', () => Promise.reject(new Error('can not listen', { cause })));
    const { kernel, lines } = await run([fails, plugin('tells', () => Promise.reject(cause))]);
    expect(kernel.reports()[0]?.error).toEqual({
      code: 'plugin.start_failed',
      message: "plugin 'test.a.v1.fails' failed in start: can not listen",
      remedy: expect.stringMatching(/^[A-Z].*\.$/),
    });
    expect(kernel.reports()[1]?.error).toEqual({ code: 'test.no_device', message: 'there is no eth9', remedy: 'Plug it in.' });
    expect(lines.filter(({ level }) => level === 50)).toEqual([
      expect.objectContaining({
        plugin: 'test.a.v1.fails',
        code: 'plugin.start_failed',
        remedy: expect.stringMatching(/\.$/),
        err: expect.objectContaining({
          message: expect.stringContaining('can not listen: there is no eth9'),
          stack: expect.stringContaining(import.meta.filename),
        }),
      }),
      expect.objectContaining({ plugin: 'test.a.v1.tells', code: 'test.no_device', remedy: 'Plug it in.' }),
    ]);
  });

  it('10: a slow boot says who is still starting, and each start is measured', async () => {
    const slow = plugin('slow', ({ clock, signal }) => clock.sleep(2500, signal).then(() => ''));
    const { kernel, lines } = await run([slow]);
    expect(lines.map(({ msg }) => msg)).toContain('still starting: test.a.v1.slow (2000 ms)');
    expect([kernel.bootMs, kernel.reports()[0]?.startMs]).toEqual([2500, 2500]);
  });

  it('13: what an author can do wrong is held by the compiler', () => {
    // @ts-expect-error the service has the wrong shape
    definePlugin({ provides: A, id: 'wrong', summary: 'Wrong.', start: () => 1 });
    // @ts-expect-error it uses what it does not require
    definePlugin({ provides: A, id: 'wrong', summary: 'Wrong.', start: ({ b }) => String(b) });
    const soft = z.strictObject({ soft: z.string() });
    definePlugin({
      provides: A,
      id: 'wrong',
      summary: 'Wrong.',
      config: soft,
      // @ts-expect-error its settings have no such key
      start: ({ onReconfigure }) => (onReconfigure(() => undefined, ['hard']), ''),
    });
    // @ts-expect-error it has no summary
    definePlugin({ provides: A, id: 'wrong', start: () => '' });
    // @ts-expect-error there is no such stability
    definePlugin({ provides: A, id: 'wrong', summary: 'Wrong.', stability: 'finished', start: () => '' });
    expect(soft).toBeDefined();
  });

  it('14: stability is declared, logged at load, and listed', async () => {
    const of = (id: string, stability: NonNullable<AnyPlugin['stability']>) => plugin(id, () => '', { stability });
    const { kernel, lines } = await run([
      of('new', 'alpha'),
      of('known', 'beta'),
      of('old', 'deprecated'),
      of('done', 'stable'),
      plugin('silent', () => ''),
    ]);
    expect(kernel.reports().map(({ stability }) => stability)).toEqual(['alpha', 'beta', 'deprecated', 'stable', 'stable']);
    expect(lines).toContainEqual(
      expect.objectContaining({
        level: 30,
        alpha: ['test.a.v1.new'],
        beta: ['test.a.v1.known'],
        msg: 'of 5 plugins 1 are beta and 1 alpha: they may still change',
      }),
    );
    expect(lines).toContainEqual(expect.objectContaining({ level: 40, msg: "plugin 'test.a.v1.old' is deprecated: it will be removed" }));
  });
});
