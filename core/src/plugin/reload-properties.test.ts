import assert from 'node:assert/strict';
import fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { testContext } from '../testing/index.ts';
import type { AnyPlugin, StartContext } from './definition.ts';
import { pluginErrors } from './errors.ts';
import { boot } from './boot.ts';
import type { Kernel } from './kernel.ts';
import type { PluginConfig } from './plugin-config.ts';
import { defineToken, type Providers, type Token } from './token.ts';

const SIZE = 6;
const RUNS = Number(process.env['HAWSER_RUNS'] ?? 400);

/** What a plugin gives to others: itself, with what it was given. */
interface Value {
  readonly index: number;
  settings: Settings;
  /** Name of a requirement → the value. */
  readonly received: Readonly<Record<string, unknown>>;
}

const tokenOf = (index: number): Token<Value> => defineToken<Value>()(`test.t${index}.v1`);
const uriOf = (index: number): string => `test.t${index}.v1.p`;

const settings = fc.record(
  {
    v: fc.nat(2),
    /** What start does with these settings. */
    start: fc.constantFrom('ok', 'ok', 'ok', 'ok', 'fail', 'hang', 'skip'),
    /** What taking them in place does. */
    inPlace: fc.constantFrom('ok', 'ok', 'fail', 'hang'),
  },
  { noNullPrototype: true },
);
type Settings = typeof settings extends fc.Arbitrary<infer S> ? S : never;

const wanted = fc.record({
  settings: fc.array(settings, { minLength: SIZE, maxLength: SIZE }),
  disabled: fc.uniqueArray(fc.nat(SIZE - 1), { maxLength: 2 }),
  required: fc.uniqueArray(fc.nat(SIZE - 1), { maxLength: 1 }),
});
type Wanted = typeof wanted extends fc.Arbitrary<infer W> ? W : never;

const shape = fc.record({
  requires: fc.array(fc.tuple(fc.nat(SIZE - 1), fc.constantFrom('one', 'optional', 'all')), { maxLength: 3 }),
  pliable: fc.boolean(),
  releaseMs: fc.nat(50),
});
type Shape = typeof shape extends fc.Arbitrary<infer S> ? S : never;

function pluginOf(index: number, { requires, pliable, releaseMs }: Shape, live: Set<Value>): AnyPlugin {
  const before = requires.filter(([other]) => other < index);
  const requirement = ([other, how]: (typeof before)[number]) => {
    const token = tokenOf(other);
    return how === 'one' ? token : how === 'optional' ? token.optional() : token.all();
  };
  return {
    provides: tokenOf(index),
    id: 'p',
    summary: 'Does as it is told.',
    startDeadlineMs: 300,
    stopDeadlineMs: 200,
    config: z.any(),
    requires: Object.fromEntries(before.map((entry) => [`r${entry[0]}`, requirement(entry)])),
    async start({ config, scope, clock, signal, skip, onReconfigure, ...values }: StartContext<Settings>) {
      const received = Object.fromEntries(Object.entries(values).filter(([name]) => /^r\d$/.test(name)));
      const value: Value = { index, settings: config, received };
      await clock.sleep(10, signal);
      if (config.start === 'fail') throw new Error('start failed');
      if (config.start === 'hang') await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)));
      if (config.start === 'skip') return skip('not here');
      live.add(value);
      scope.defer(async () => {
        await clock.sleep(releaseMs, new AbortController().signal);
        live.delete(value);
      });
      if (pliable) {
        onReconfigure(async (next) => {
          if (next.inPlace === 'fail') throw new Error('not taken');
          if (next.inPlace === 'hang') await new Promise(() => {});
          value.settings = next;
        });
      }
      return value;
    },
  };
}

const configOf = ({ settings, disabled, required }: Wanted): PluginConfig => ({
  settings: new Map(settings.map((one, index) => [uriOf(index), one])),
  configured: new Set(),
  disabled: new Set(disabled.map(uriOf)),
  required: new Set(required.filter((index) => !disabled.includes(index)).map(uriOf)),
});

const isValue = (value: unknown): value is Value => typeof value === 'object' && value !== null && 'received' in value;
const served = (kernel: Kernel): readonly string[] =>
  kernel.reports().flatMap(({ uri, status }) => (['ok', 'degraded'].includes(status) ? [uri] : []));

/** What holds between any two reloads. */
function checkInvariants(kernel: Kernel, config: PluginConfig, live: ReadonlySet<Value>): void {
  const running = Array.from({ length: SIZE }, (_, index) => kernel.get(tokenOf(index))).filter(isValue);
  assert.deepEqual(new Set(running), new Set(live), 'exactly those run that are known to run');
  for (const value of running) {
    assert.deepEqual(value.settings, config.settings.get(uriOf(value.index)), 'the settings in force are those of the config');
    for (const [name, received] of Object.entries(value.received)) {
      const provider = kernel.get(tokenOf(Number(name.slice(1))));
      if (received === undefined || isValue(received)) assert.equal(received, provider, 'nobody holds a value that is no longer');
      else assert.equal((received as Providers<Value>).get('p'), provider, 'who asks for all sees what is');
    }
  }
}

describe('whatever a config is reloaded to', () => {
  it('the outcome is the new set or the former one, nobody holds what is gone, and the stop releases all', async () => {
    const story = fc.record({
      shapes: fc.array(shape, { minLength: SIZE, maxLength: SIZE }),
      first: wanted,
      next: fc.array(fc.record({ to: wanted, stopAfter: fc.option(fc.nat(200), { nil: undefined, freq: 8 }) }), {
        minLength: 1,
        maxLength: 4,
      }),
    });
    await fc.assert(
      fc.asyncProperty(story, async ({ shapes, first, next }) => {
        const context = testContext();
        const { clock } = context;
        const live = new Set<Value>();
        const plugins = shapes.map((one, index) => pluginOf(index, one, live));
        const log = pino({ level: 'silent' });
        let config = configOf({ ...first, required: [] });
        const kernel = await clock.runUntil(boot({ plugins, config, context, log }));
        checkInvariants(kernel, config, live);
        for (const { to, stopAfter } of next) {
          const before = served(kernel);
          const wanted = configOf(to);
          let stopping: Promise<unknown> | undefined;
          using _stop = stopAfter === undefined ? undefined : clock.timer(stopAfter, () => (stopping = kernel.stop('enough')));
          let planned: readonly unknown[] = [];
          let outcome: unknown;
          try {
            planned = kernel.planReload({ plugins, config: wanted }).steps;
            const { steps } = await clock.runUntil(kernel.reload({ plugins, config: wanted }));
            assert.deepEqual(steps, planned, 'what is done is what was told');
            config = wanted;
          } catch (error) {
            outcome = error;
          }
          if (stopping !== undefined) {
            await clock.runUntil(stopping);
            break;
          }
          // One that had failed before may be well since.
          if (pluginErrors.reloadFailed.is(outcome)) expect(served(kernel)).toEqual(expect.arrayContaining([...before]));
          else if (pluginErrors.graphInvalid.is(outcome)) expect(served(kernel)).toEqual(before);
          else if (pluginErrors.reloadIncomplete.is(outcome)) {
            // One that could not start with the settings that it had taken in place.
            const off = outcome.details['off'];
            assert.deepEqual(
              before.filter((uri) => !served(kernel).includes(uri)),
              off,
            );
            break;
          } else if (outcome !== undefined) throw outcome;
          for (const uri of outcome === undefined ? config.required : []) expect(served(kernel)).toContain(uri);
          checkInvariants(kernel, config, live);
        }
        await clock.runUntil(kernel.stop('done'));
        await clock.advance(1000);
        expect([...live]).toEqual([]);
      }),
      { numRuns: RUNS },
    );
  });
});
