import fc from 'fast-check';
import { test } from 'vitest';
import { expectEmpty, expectSettled } from './invariants.ts';
import { Machine } from './machine.ts';
import { pump } from './pump.ts';
import { PODS, type Step, steps } from './steps.ts';
import { Story } from './story.ts';

/** More, or others: HAWSER_RUNS and HAWSER_SEED. */
const numRuns = Number(process.env['HAWSER_RUNS'] ?? 1_000);
const seed = Number(process.env['HAWSER_SEED'] ?? 20_261_121);

async function live(steps: readonly Step[], storySeed: number): Promise<void> {
  await using machine = await Machine.make(storySeed);
  const story = new Story(machine);
  for (const step of steps) await story.take(step);
  await story.rest();
  expectSettled(machine, await machine.agent(), story.told);

  await story.audit();
  for (const pod of PODS) await story.take({ kind: 'del', pod });
  await story.rest();
  await machine.context.clock.advance(10_000);
  const agent = await machine.agent();
  await pump(machine, agent.gc.run({ signal: new AbortController().signal }));
  expectEmpty(machine, agent, story.told);
}

test(
  `${numRuns} interleavings of ADD, DEL, CHECK, GC, failures, crashes and restarts keep every guarantee`,
  { timeout: 600_000 },
  async () => {
    await fc.assert(fc.asyncProperty(steps, fc.nat(1_000_000), live), { numRuns, seed, endOnFailure: false });
  },
);
