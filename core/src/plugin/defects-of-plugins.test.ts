import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { testContext } from '../testing/index.ts';
import { boot } from './boot.ts';
import type { AnyPlugin, StartContext } from './definition.ts';
import { defineToken } from './token.ts';

const Lamp = defineToken<string>()('test.lamp.v1');

/** What becomes of a plugin whose types nobody has looked at: Node.js runs TypeScript as it is. */
async function outcome(start: (context: StartContext<unknown>) => unknown) {
  const lamp: AnyPlugin = { provides: Lamp, id: 'brass', summary: 'Gives light.', start };
  const none = new Set<string>();
  const kernel = await boot({
    plugins: [lamp],
    context: testContext(),
    config: { settings: new Map(), configured: none, disabled: none, required: none },
    log: pino({ level: 'silent' }),
  });
  const [report] = kernel.reports();
  const { errors } = await kernel.stop('the test is over');
  expect(errors).toEqual([]);
  return report;
}

// What the compiler would refuse, as a program has it that nobody has compiled.
const garbage = (value: unknown): never => value as never;

describe('a start', () => {
  it.each([
    ['returns nothing', () => undefined, 'it returned nothing'],
    ['calls skip and returns nothing', ({ skip }) => void skip('no oil'), 'it called skip, and did not return what that gives'],
    ['goes on after skip', ({ skip }) => (skip('no oil'), 'light'), 'it called skip, and did not return what that gives'],
  ] as const satisfies readonly (readonly [string, (context: StartContext<unknown>) => unknown, string])[])(
    'that %s has failed',
    async (_what, start, why) => {
      expect(await outcome(start)).toMatchObject({
        status: 'failed',
        error: {
          code: 'plugin.start_failed',
          message: `plugin 'test.lamp.v1.brass' failed in start: ${why}`,
          remedy: 'This is a defect of the plugin: have start return what it provides, or `skip(reason)`.',
        },
      });
    },
  );

  it('may return null, and what skip gave it last or first', async () => {
    expect(await outcome(() => null)).toMatchObject({ status: 'ok' });
    const twice = ({ skip }: StartContext<unknown>) => [skip('no oil'), skip('no wick')][0];
    expect(await outcome(twice)).toMatchObject({ status: 'skipped', reason: 'no oil' });
  });

  it.each([
    ['use', {}, 'has no Symbol.dispose'],
    ['use', undefined, 'has no Symbol.dispose'],
    ['defer', 'later', 'is no function'],
  ] as const)('that gives to scope.%s what can not be released fails at once: %j', async (method, value, why) => {
    expect(await outcome(({ scope }) => (scope[method](garbage(value)), 'light'))).toMatchObject({
      status: 'failed',
      error: { code: 'plugin.not_releasable', message: `what 'test.lamp.v1.brass' gives to its scope ${why}` },
    });
  });

  it.each([
    [{ everyMs: Number.NaN }, 'everyMs NaN'],
    [{ everyMs: -5 }, 'everyMs -5'],
    [{ everyMs: garbage('10s') }, 'everyMs 10s'],
    [{ everyMs: 10, deadlineMs: 0 }, 'deadlineMs 0'],
    [{ deadlineMs: Number.NaN }, 'deadlineMs NaN'],
  ])('that spawns a worker which would never pause fails at once: %j', async (options, told) => {
    const worked: string[] = [];
    const start = ({ scope }: StartContext<unknown>) => (scope.spawn('trim', async () => void worked.push('round'), options), 'light');
    expect(await outcome(start)).toMatchObject({
      status: 'failed',
      error: { code: 'plugin.invalid_worker', message: `worker 'trim' can't have ${told}` },
    });
    expect(worked).toEqual([]);
  });
});

it('a plugin that says by a plain error that it is degraded has no defect', async () => {
  expect(await outcome(({ status }) => (status.degraded(new Error('the oil is low')), 'light'))).toMatchObject({
    status: 'degraded',
    error: { code: 'plugin.degraded', message: 'the oil is low', remedy: expect.not.stringContaining('defect') },
  });
});

it('a worker that says with each round that its plugin is degraded is heard once, until that is over', async () => {
  const context = testContext();
  const lines: string[] = [];
  const none = new Set<string>();
  let low = true;
  const lamp: AnyPlugin = {
    provides: Lamp,
    id: 'brass',
    summary: 'Gives light.',
    start: ({ scope, status }) => {
      scope.spawn('look', async () => (low ? status.degraded(new Error('the oil is low')) : status.ok()), { everyMs: 1_000 });
      return 'light';
    },
  };
  const kernel = await boot({
    plugins: [lamp],
    context,
    config: { settings: new Map(), configured: none, disabled: none, required: none },
    log: pino({ level: 'warn' }, { write: (line) => void lines.push(line) }),
  });
  const heard: string[] = [];
  using _listener = kernel.onChange(({ status }) => heard.push(status));
  await context.clock.advance(5_500);
  low = false;
  await context.clock.advance(1_000);
  low = true;
  await context.clock.advance(2_000);
  expect(heard).toEqual(['ok', 'degraded']); // it was degraded when the boot was over
  expect(lines).toHaveLength(2);
  await context.clock.runUntil(kernel.stop('the test is over'));
});
