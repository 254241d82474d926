/** Plays random steps on a store until it is killed, and tells its parent of each: see the test of killed stores. */
import * as fc from 'fast-check';
import { testContext } from '../../testing/context.ts';
import { startCore } from '../../testing/core.ts';
import { ModelPlayer } from '../../testing/model-player.ts';
import { drawnStep } from '../../testing/model-steps.fixture.ts';

const [, , folder = '', seed = '1'] = process.argv;
let now = Date.UTC(2026, 0, 1);
const context = testContext({ start: now });
const core = await startCore({ context, folder });
using player = new ModelPlayer(core, () => now);

for (let round = 0; ; round++) {
  for (const draw of fc.sample(
    drawnStep(() => now),
    { seed: Number(seed) + round, numRuns: 100 },
  )) {
    const step = draw();
    if (step.do === 'wait') {
      now += step.ms;
      await context.clock.advance(step.ms);
    } else await player.play(step);
    process.send?.('played');
  }
}
