import assert from 'node:assert/strict';
import fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, it } from 'vitest';
import { testContext } from '../testing/index.ts';
import type { AnyPlugin } from './definition.ts';
import { pluginErrors } from './errors.ts';
import { boot } from './boot.ts';
import type { Kernel } from './kernel.ts';
import { defineToken } from './token.ts';

const SIZE = 6;
const tokenOf = (index: number) => defineToken<number>()(`test.t${index}.v1`);

const behaviour = fc.record({
  /** What start does after it has taken something. */
  end: fc.constantFrom('ok', 'pending', 'fail', 'throw', 'skip', 'hang', 'late', 'later'),
  startMs: fc.nat(300),
  release: fc.constantFrom('ok', 'fail', 'hang', 'slow'),
  worker: fc.constantFrom('none', 'obedient', 'failing', 'deaf', 'periodic', 'late'),
  /** Indexes of plugins before it that it requires, if they are there at all or without fail. */
  requires: fc.array(fc.tuple(fc.nat(SIZE - 1), fc.boolean()), { maxLength: 3 }),
});
type Behaviour = typeof behaviour extends fc.Arbitrary<infer B> ? B : never;

/** What is taken and given back, as the plugins themselves count it. */
class Ledger {
  readonly taken = new Set<string>();
  readonly released: string[] = [];
  readonly started: string[] = [];

  take(name: string): () => void {
    this.taken.add(name);
    return () => void this.released.push(name);
  }
}

function pluginOf(index: number, does: Behaviour, ledger: Ledger): AnyPlugin {
  const token = tokenOf(index);
  const before = does.requires.filter(([other]) => other < index);
  return {
    provides: token,
    id: 'p',
    summary: 'Does as it is told.',
    startDeadlineMs: 1000,
    stopDeadlineMs: 500,
    requires: Object.fromEntries(before.map(([other, optional]) => [`r${other}`, optional ? tokenOf(other).optional() : tokenOf(other)])),
    async start({ scope, clock, skip, status, ...values }) {
      ledger.started.push(token.id);
      for (const [other, optional] of before) assert.ok(optional || (values as Record<string, unknown>)[`r${other}`] === other);
      const release = ledger.take(`${token.id} resource`);
      scope.defer(async () => {
        release();
        if (does.release === 'fail') throw new Error('release failed');
        if (does.release === 'hang') await new Promise(() => {});
        if (does.release === 'slow') await clock.sleep(100, new AbortController().signal);
      });
      if (does.worker !== 'none') {
        scope.spawn(
          'worker',
          async (signal) => {
            if (does.worker === 'failing') throw new Error('worker failed');
            if (does.worker === 'deaf') await new Promise(() => {});
            await clock.sleep(does.worker === 'periodic' ? 20 : 1e9, signal);
          },
          does.worker === 'periodic' ? { everyMs: 50 } : does.worker === 'late' ? { deadlineMs: 70 } : {},
        );
      }
      if (does.end === 'pending') status.pending('for ever');
      await clock.sleep(does.end === 'late' ? 1200 : does.end === 'later' ? 3000 : does.startMs, new AbortController().signal);
      if (does.end === 'hang') await new Promise(() => {});
      if (does.end === 'fail' || does.end === 'throw')
        throw Object.assign(new Error('start failed'), does.end === 'throw' ? { name: 'AbortError' } : {});
      const second = ledger.take(`${token.id} second`);
      scope.use({ [Symbol.dispose]: second });
      return does.end === 'skip' ? skip('not here') : index;
    },
  };
}

describe('whatever plugins do', () => {
  it('the boot ends, needs are respected, the stop ends, and all that was taken is released once', async () => {
    const scenario = fc.record({
      plugins: fc.array(behaviour, { minLength: 1, maxLength: SIZE }),
      required: fc.option(fc.nat(SIZE - 1), { nil: undefined, freq: 4 }),
      cancelAt: fc.option(fc.nat(1500), { nil: undefined, freq: 4 }),
    });
    await fc.assert(
      fc.asyncProperty(scenario, async ({ plugins, required, cancelAt }) => {
        const ledger = new Ledger();
        const context = testContext();
        const abort = new AbortController();
        if (cancelAt !== undefined) context.clock.timer(cancelAt, () => abort.abort(new Error('enough')));
        const uris = plugins.map((_, index) => `test.t${index}.v1.p`);
        const config = {
          settings: new Map<string, unknown>(),
          configured: new Set<string>(),
          disabled: new Set<string>(),
          required: new Set(uris.filter((_, index) => index === required)),
        };
        const booting = boot({
          plugins: plugins.map((does, index) => pluginOf(index, does, ledger)),
          config,
          context,
          log: pino({ level: 'silent' }),
          signal: abort.signal,
        });
        const kernel: Kernel | undefined = await context.clock.runUntil(booting).catch((error: unknown) => {
          assert.ok(pluginErrors.requiredFailed.is(error) || pluginErrors.bootCancelled.is(error));
          return undefined;
        });
        if (kernel !== undefined) {
          for (const { uri, status } of kernel.reports()) {
            assert.ok([...(config.required.has(uri) ? [] : ['skipped', 'failed']), 'ok', 'degraded', 'pending'].includes(status));
          }
          await context.clock.runUntil(kernel.stop('done'));
        }
        // A start that comes late, past all deadlines, still ends here.
        await context.clock.advance(5000);
        expect([...ledger.released].sort()).toEqual([...ledger.taken].sort());
        expect(new Set(ledger.started).size).toBe(ledger.started.length);
      }),
      { numRuns: 300 },
    );
  });
});
