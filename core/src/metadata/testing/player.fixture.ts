/** Plays a plan on both stores until it is killed, and writes down what has become of each step: see the test of killed stores. */
import { openSync, readFileSync, writeSync } from 'node:fs';
import { flushCompileCache } from 'node:module';
import { testContext } from '../../testing/context.ts';
import { startCore } from '../../testing/core.ts';
import { ModelPlayer } from '../../testing/model-player.ts';
import type { Plan } from './killed-line.fixture.ts';

const [, , folder = '', planFile = '', diary = ''] = process.argv;
const plan = JSON.parse(readFileSync(planFile, 'utf8')) as Plan;
// What is written outlives this process, and comes before the next step begins.
const written = openSync(diary, 'a');

let { now } = plan;
const context = testContext({ start: now });
const core = await startCore({ context, folder, gc: plan.quiet });
using player = new ModelPlayer(core, () => now);
// Who is killed has no other time to keep what it has compiled for those that follow.
flushCompileCache();
process.send?.('open');

for (const turn of plan.turns) {
  if (turn.waitMs > 0) {
    now += turn.waitMs;
    await context.clock.advance(turn.waitMs);
  }
  const outcomes = await Promise.all(turn.steps.map(({ namespace, step }) => player.play(step, namespace)));
  writeSync(written, `${JSON.stringify(outcomes)}\n`);
}
// Whoever has played everything waits for its death.
setInterval(() => undefined, 1_000);
