import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { toHawserError } from '../errors/index.ts';
import { testContext } from '../testing/index.ts';
import { type AnyPlugin, definePlugin, type StatusReporter } from './definition.ts';
import { boot } from './boot.ts';
import type { Kernel } from './kernel.ts';
import { planBoot } from './plan.ts';
import type { PluginConfig } from './plugin-config.ts';
import { defineToken } from './token.ts';

/**
 * What containerd's registry gets wrong, each as a test of the opposite; its section in the reference is "Plugins" and
 * "Bootstrap and shutdown". Config's, the store's and proxies' lines stand beside their code.
 */
interface Store {
  get(key: string): string;
}
const StoreToken = defineToken<Store>()('test.store.v1');
const Mode = defineToken<string>()('test.mode.v1');
const User = defineToken<string>()('test.user.v1');

const none: ReadonlySet<string> = new Set();
const configOf = (more: Partial<PluginConfig> = {}): PluginConfig => ({
  settings: new Map(),
  configured: none,
  disabled: none,
  required: none,
  ...more,
});

const store = definePlugin({ provides: StoreToken, id: 'one', summary: 'Stores.', start: () => ({ get: (key) => key }) });
const user = definePlugin({
  provides: User,
  id: 'user',
  summary: 'Uses the store.',
  requires: { store: StoreToken },
  start: ({ store }) => store.get('x'),
});
const mode = (id: string, more: Partial<AnyPlugin> = {}): AnyPlugin => ({
  ...definePlugin({ provides: Mode, id, summary: 'A mode.', start: () => id }),
  ...more,
});

async function run(plugins: readonly AnyPlugin[], more: Partial<PluginConfig> = {}) {
  const context = testContext();
  const lines: string[] = [];
  const log = pino({ level: 'debug' }, { write: (line: string) => void lines.push(line) });
  const booting = boot({ plugins, config: configOf(more), context, log });
  return { context, lines, kernel: await context.clock.runUntil(booting) };
}
const statuses = (kernel: Kernel) => kernel.reports().map(({ id, status }) => `${id} ${status}`);
const never = () => new Promise<never>(() => {});

describe('not as in containerd', () => {
  it('a look-up is typed by its token: no cast, and a wrong use does not compile', async () => {
    const { kernel } = await run([store, user]);
    const found: Store | undefined = kernel.get(StoreToken);
    expect(found?.get('key')).toBe('key');
    // @ts-expect-error a store has no such method
    expect(found?.put).toBeUndefined();
  });

  it('a requirement is more than an order: one that nobody provides is found before anything starts', async () => {
    let started = 0;
    const counted = mode('counted', { start: () => String(started++) });
    const error = await run([counted, user]).then(() => expect.fail('it booted'), toHawserError);
    expect([error.code, started]).toEqual(['plugin.graph_invalid', 0]);
    expect(error.message).toBe("plugin 'user' requires 'test.store.v1', which no plugin in this set provides");
  });

  it('a cycle, a duplicate and a plugin that requires itself are sentences with a path and a remedy, and no panic', () => {
    const ring = (id: string, other: string) => mode(id, { requires: { other: Mode.byId(other) } });
    const self = mode('self', { requires: { me: Mode.byId('self') } });
    const { faults } = planBoot([ring('a', 'b'), ring('b', 'a'), self, mode('twin'), mode('twin')], configOf());
    expect(faults.map(({ kind, path }) => `${kind} ${path.join(' → ')}`)).toEqual([
      'duplicate test.mode.v1.twin',
      'self test.mode.v1.self → test.mode.v1.self',
      'cycle test.mode.v1.a → test.mode.v1.b → test.mode.v1.a',
    ]);
    expect(faults.every(({ remedy }) => /^[A-Z].*\.$/.test(remedy))).toBe(true);
  });

  it('one broken plugin of a type leaves whoever asks for all of that type with the others, and with the reason', async () => {
    const asks = definePlugin({
      provides: User,
      id: 'asks',
      summary: 'Asks for all.',
      requires: { modes: Mode.all() },
      start: ({ modes }) =>
        [
          ...modes.list().map(({ id, status, why, value }) => `${id}: ${status}, ${value ?? why}`),
          `serving: ${[...modes].join()} ${modes.ids().join()} ${modes.get('good')} ${modes.get('broken')}`,
        ].join('\n'),
    });
    const broken = mode('broken', { start: () => Promise.reject(new Error('no device')) });
    const { kernel } = await run([mode('good'), broken, mode('off', { enabled: 'configured' }), asks]);
    expect(kernel.get(User)?.split('\n')).toEqual([
      'good: ok, good',
      "broken: failed, has failed: plugin 'test.mode.v1.broken' failed in start: no device",
      'off: disabled, is disabled (not configured)',
      'serving: good,good good good undefined',
    ]);
  });

  it('each plugin has a deadline for its start and one for its stop, which name it', async () => {
    const slow = mode('slow', { startDeadlineMs: 300, start: never });
    const stuck = mode('stuck', {
      stopDeadlineMs: 200,
      start: ({ scope }) => {
        scope.defer(never);
        return '';
      },
    });
    const { kernel, context, lines } = await run([slow, stuck]);
    expect(kernel.reports()[0]?.error?.message).toBe("plugin 'test.mode.v1.slow' did not start within 300 ms");
    const { errors } = await context.clock.runUntil(kernel.stop('test'));
    expect(errors.map(({ uri, error }) => `${uri}: ${error.code}`)).toEqual(['test.mode.v1.stuck: plugin.stop_deadline']);
    expect(lines.some((line) => line.includes('did not start within 300 ms'))).toBe(true);
  });

  it('a stop that takes long says whom it waits for', async () => {
    const stuck = mode('stuck', {
      start: ({ scope }) => {
        scope.defer(never);
        return '';
      },
    });
    const { kernel, context, lines } = await run([stuck]);
    await context.clock.runUntil(kernel.stop('test'));
    expect(lines.filter((line) => line.includes('still stopping: test.mode.v1.stuck'))).toHaveLength(2);
  });

  it('disabled plugins stay in the list, with the reason', async () => {
    const { kernel } = await run([store, mode('off', { enabled: 'configured' })], { disabled: new Set(['test.store.v1.one']) });
    expect(kernel.reports().map(({ uri, status, reason }) => `${uri} ${status}: ${reason}`)).toEqual([
      'test.store.v1.one disabled: disabled by config',
      'test.mode.v1.off disabled: not configured',
    ]);
  });

  it('the order in which plugins are given does not matter: what is required starts first', async () => {
    for (const plugins of [
      [user, store],
      [store, user],
    ])
      expect(statuses((await run(plugins)).kernel)).toEqual(['one ok', 'user ok']);
  });

  it('health is what plugins say of themselves, not always well', async () => {
    let word: StatusReporter | undefined;
    const moody = mode('moody', {
      start: ({ status }) => {
        word = status;
        return '';
      },
    });
    const { kernel } = await run([moody]);
    word?.degraded(new Error('the disk is slow'));
    expect(statuses(kernel)).toEqual(['moody degraded']);
    word?.ok();
    expect(statuses(kernel)).toEqual(['moody ok']);
  });

  it('what a plugin runs beside its start is known, told to stop, and waited for', async () => {
    const seen: string[] = [];
    const busy = mode('busy', {
      start: ({ scope, clock }) => {
        scope.spawn('beside', async (signal) => {
          await clock.sleep(1e9, signal).catch(() => undefined);
          await clock.sleep(100, new AbortController().signal);
          seen.push('ended');
        });
        return '';
      },
    });
    const { kernel, context } = await run([busy]);
    expect(kernel.reports()[0]?.workers).toMatchObject([{ name: 'beside', state: 'running' }]);
    await context.clock.runUntil(kernel.stop('test'));
    expect([seen, kernel.reports()[0]?.workers?.[0]?.state]).toEqual([['ended'], 'stopped']);
  });
});
