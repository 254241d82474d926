import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { testContext } from '../testing/context.ts';
import { startCore, type TestCore } from '../testing/core.ts';
import { anyStep, NamespaceModel, NamespacePlayer, storeOf } from './stories.fixture.ts';

/** Collections that come by themselves would come before the model's. */
const QUIET = { startupDelayMs: 1e9, scheduleDelayMs: 1e9 };
const RUNS = { numRuns: Number(process.env['HAWSER_RUNS'] ?? 60), seed: 1 };
const SECOND = 1_000;

async function inFolder(work: (open: () => Promise<TestCore>) => Promise<void>): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'hwt-namespaces-'));
  try {
    await work(() => startCore({ context: testContext(), folder, gc: QUIET }));
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test(
  'whatever namespaces, leases and snapshots are asked for in both stores, they do as the model says, also after a restart',
  { timeout: 90 * SECOND },
  async () => {
    const story = fc.array(
      fc.array(fc.oneof({ weight: 15, arbitrary: anyStep }, fc.constant('collect' as const)), { minLength: 1, maxLength: 60 }),
      {
        minLength: 1,
        maxLength: 3,
      },
    );
    await fc.assert(
      fc.asyncProperty(story, (lives) =>
        inFolder(async (open) => {
          const model = new NamespaceModel();
          for (const life of lives) {
            await using core = await open();
            using player = new NamespacePlayer(core);
            expect(player.content()).toEqual(model.content());
            for (const step of life) {
              if (step === 'collect') {
                await player.collect();
                model.collect();
              } else expect({ ...step, outcome: await player.play(step) }).toEqual({ ...step, outcome: model.apply(step) });
            }
            expect(player.content()).toEqual(model.content());
          }
        }),
      ),
      RUNS,
    );
  },
);

test('calls that come at once come out as if one store had been asked after the other', { timeout: 90 * SECOND }, async () => {
  const outcomes = new Set<string>();
  const together = fc.array(anyStep, { minLength: 2, maxLength: 8 });
  await fc.assert(
    fc.asyncProperty(fc.array(together, { minLength: 1, maxLength: 12 }), (turns) =>
      inFolder(async (open) => {
        await using core = await open();
        using player = new NamespacePlayer(core);
        let model = new NamespaceModel();
        for (const steps of turns) {
          const told = await Promise.all(steps.map((step) => player.play(step)));
          const seen = { told, content: player.content() };
          const orders = (['root', 'state'] as const).map((first) => steps.toSorted((one, other) => rank(one, first) - rank(other, first)));
          const candidates = orders.map((order) => {
            const after = model.copy();
            const by = new Map(order.map((step) => [step, after.apply(step)]));
            return { after, seen: { told: steps.map((step) => by.get(step)), content: after.content() } };
          });
          expect(candidates.map((candidate) => candidate.seen)).toContainEqual(seen);
          model = candidates.find((candidate) => JSON.stringify(candidate.seen) === JSON.stringify(seen))?.after ?? expect.fail();
          for (const [index, step] of steps.entries()) outcomes.add(`${step.do} ${told[index]}`);
        }
      }),
    ),
    RUNS,
  );
  // Both sides of the race have been met.
  expect([...outcomes]).toEqual(
    expect.arrayContaining(['delete done', 'delete namespaces.not_empty', 'lease done', 'lease metadata.unknown_namespace']),
  );
});

const rank = (step: Parameters<typeof storeOf>[0], first: string): number => (storeOf(step) === first ? 0 : 1);
