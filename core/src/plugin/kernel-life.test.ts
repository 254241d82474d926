import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { testContext } from '../testing/index.ts';
import type { AnyPlugin, StartContext } from './definition.ts';
import { boot } from './boot.ts';
import { defineToken, type Token } from './token.ts';

const A = defineToken<string>()('test.a.v1');
const B = defineToken<string>()('test.b.v1');

/** A boot on a held clock. */
function setup(plugins: readonly AnyPlugin[]) {
  const context = testContext();
  const none = new Set<string>();
  const config = { settings: new Map<string, unknown>(), configured: none, disabled: none, required: none };
  return { clock: context.clock, start: () => boot({ plugins, context, config, log: pino({ level: 'silent' }) }) };
}

type Start = (context: StartContext<Record<string, never>>) => unknown;

function plugin(token: Token<string>, id: string, start: Start, more: Partial<AnyPlugin> = {}): AnyPlugin {
  return { provides: token, id, summary: `Plugin ${id}.`, start, ...more };
}

const never = () => new Promise<never>(() => {});

describe('a start that comes too late', () => {
  it('leaks nothing that it takes or returns too late', async () => {
    const released: string[] = [];
    const gate = Promise.withResolvers<void>();
    const late = plugin(
      A,
      'late',
      async ({ scope }) => {
        scope.defer(() => void released.push('early'));
        await gate.promise;
        scope.defer(() => void released.push('late'));
        return { [Symbol.dispose]: () => void released.push('value') };
      },
      { startDeadlineMs: 100 },
    );
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
    const late = plugin(
      A,
      'late',
      async ({ scope }) => {
        await gate.promise;
        try {
          scope.use({ [Symbol.asyncDispose]: async () => void released.push('late') });
        } catch (error) {
          thrown = error;
          throw error;
        }
        return '';
      },
      { startDeadlineMs: 100, stopDeadlineMs: 100 },
    );
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

  it('goes on past a release that throws what makes no text', async () => {
    const released: string[] = [];
    const odd = plugin(A, 'odd', ({ scope }) => {
      scope.defer(() => void released.push('first'));
      scope.defer(() => Promise.reject(Object.create(null)));
      return 'odd';
    });
    const { clock, start } = setup([odd]);
    const kernel = await clock.runUntil(start());
    const { errors } = await clock.runUntil(kernel.stop('test'));
    expect(errors).toMatchObject([{ error: { code: 'plugin.release_failed' } }]);
    expect(released).toEqual(['first']);
  });

  it('goes on past a release that hangs, once the plugin’s deadline has passed', async () => {
    const seen: string[] = [];
    const hangs = plugin(
      B,
      'hangs',
      ({ scope }) => {
        scope.defer(() => void seen.push('before the one that hangs'));
        scope.defer(never);
        return '';
      },
      { requires: { a: A }, stopDeadlineMs: 300 },
    );
    const { clock, start } = setup([plugin(A, 'base', ({ scope }) => (scope.defer(() => void seen.push('base')), '')), hangs]);
    const kernel = await start();
    const report = await clock.runUntil(kernel.stop('test'));
    expect(seen).toEqual(['before the one that hangs', 'base']);
    expect(report.durationMs).toBe(300);
    expect(report.errors.map(({ error }) => error.message)).toEqual(["'test.b.v1.hangs' did not release never within 300 ms"]);
  });

  it('names what was used and is stuck, whether it has a class or not', async () => {
    class Socket {
      [Symbol.asyncDispose]() {
        return never();
      }
    }
    const bare: object = Object.create(Object.create(null));
    const nameless = Object.assign(bare, { [Symbol.asyncDispose]: never });
    const make = (id: string, resource: AsyncDisposable) =>
      plugin(id === 'named' ? A : B, id, ({ scope }) => (scope.use(resource), ''), { stopDeadlineMs: 300 });
    const { clock, start } = setup([make('named', new Socket()), make('nameless', nameless)]);
    const kernel = await start();
    const report = await clock.runUntil(kernel.stop('test'));
    expect(report.errors.map(({ error }) => error.message)).toEqual([
      "'test.b.v1.nameless' did not release a resource within 300 ms",
      "'test.a.v1.named' did not release Socket within 300 ms",
    ]);
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

describe('what makes no text', () => {
  const odd = () => Promise.reject(Object.create(null));

  it('fails a start that throws it, and lets go of what it took', async () => {
    const released: string[] = [];
    const failing = plugin(A, 'odd', async ({ scope }) => {
      scope.defer(() => void released.push('taken'));
      await odd();
    });
    const { clock, start } = setup([failing]);
    const kernel = await clock.runUntil(start());
    expect(kernel.reports()).toMatchObject([{ status: 'failed', error: { code: 'plugin.start_failed' } }]);
    expect(released).toEqual(['taken']);
  });

  it('degrades a plugin whose worker throws it, and the worker is started again', async () => {
    let rounds = 0;
    const working = plugin(A, 'odd', ({ scope }) => {
      scope.spawn('work', () => (++rounds === 1 ? odd() : never()));
      return 'odd';
    });
    const { clock, start } = setup([working]);
    const kernel = await clock.runUntil(start());
    await clock.advance(1);
    expect(kernel.reports()).toMatchObject([{ status: 'degraded', error: { code: 'plugin.worker_failed' } }]);
    await clock.advance(200);
    expect(rounds).toBe(2);
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
    expect(kernel.reports()[0]).toMatchObject({
      status: 'degraded',
      error: { code: 'plugin.worker_failed', message: "worker 'flaky' failed: boom" },
    });
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
