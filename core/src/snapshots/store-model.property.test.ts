import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { testContext } from '../testing/context.ts';
import { startCore } from '../testing/core.ts';
import { ModelPlayer } from '../testing/model-player.ts';
import { drawnStep } from '../testing/model-steps.fixture.ts';
import { StoreModel } from '../testing/store-model.ts';

/** Collections that come by themselves would come before the model's. */
const QUIET = { startupDelayMs: 1e9, scheduleDelayMs: 1e9 };
const START = Date.UTC(2026, 0, 1);

test(
  'whatever snapshots, leases and collections are asked for, they do as the model says, also after a restart',
  { timeout: 120_000 },
  async () => {
    let now = START;
    const story = fc.array(
      fc.array(
        drawnStep(() => now),
        { minLength: 1, maxLength: 40 },
      ),
      { minLength: 1, maxLength: 3 },
    );
    await fc.assert(
      fc.asyncProperty(story, async (lives) => {
        now = START;
        const folder = await mkdtemp(join(tmpdir(), 'hwt-model-'));
        const model = new StoreModel();
        try {
          for (const life of lives) {
            const context = testContext({ start: now });
            await using core = await startCore({ context, folder, gc: QUIET });
            using player = new ModelPlayer(core, () => now);
            expect(player.content()).toEqual(model.content());
            for (const draw of life) {
              const step = draw();
              if (step.do === 'wait') {
                now += step.ms;
                await context.clock.advance(step.ms);
                // An expiry may have woken up a collection, or not: one of both is made sure of.
                const collect = { do: 'collect', at: now } as const;
                expect(await player.play(collect)).toBe(model.apply(collect));
              } else {
                expect({ ...step, outcome: await player.play(step) }).toEqual({ ...step, outcome: model.apply(step) });
              }
            }
            expect(player.content()).toEqual(model.content());
          }
        } finally {
          await rm(folder, { recursive: true, force: true });
        }
      }),
      { numRuns: Number(process.env['HAWSER_RUNS'] ?? 60), seed: 1 },
    );
  },
);
