/**
 * Plays the steps of a seed one after the other until it is killed, and writes down what has become of each: see the test of
 * killed namespaces.
 */
import { openSync, writeSync } from 'node:fs';
import * as fc from 'fast-check';
import { testContext } from '../../testing/context.ts';
import { startCore } from '../../testing/core.ts';
import { anyStep, NamespacePlayer } from '../stories.fixture.ts';

const [, , folder = '', seed = '', count = '', diary = ''] = process.argv;
// What is written outlives this process, and comes before the next step begins.
const written = openSync(diary, 'w');
const core = await startCore({ context: testContext(), folder, gc: { startupDelayMs: 1e9, scheduleDelayMs: 1e9 } });
using player = new NamespacePlayer(core);
process.send?.('open');
for (const step of fc.sample(anyStep, { seed: Number(seed), numRuns: Number(count) })) writeSync(written, `${await player.play(step)}\n`);
// Whoever has played everything waits for its death.
setInterval(() => undefined, 1_000);
