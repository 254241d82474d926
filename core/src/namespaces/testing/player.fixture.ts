/** Plays the steps of a seed one after the other until it is killed, and tells its parent of each: see the test of killed namespaces. */
import * as fc from 'fast-check';
import { testContext } from '../../testing/context.ts';
import { startCore } from '../../testing/core.ts';
import { anyStep, NamespacePlayer } from '../stories.fixture.ts';

const [, , folder = '', seed = '', count = ''] = process.argv;
const core = await startCore({ context: testContext(), folder, gc: { startupDelayMs: 1e9, scheduleDelayMs: 1e9 } });
using player = new NamespacePlayer(core);
process.send?.('open');
for (const step of fc.sample(anyStep, { seed: Number(seed), numRuns: Number(count) })) process.send?.(await player.play(step));
// Whoever has played everything waits for its death.
setInterval(() => undefined, 1_000);
