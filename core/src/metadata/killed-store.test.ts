import { fork } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { checkStores } from '../cli/check-stores.ts';
import { seededRandom } from '../context/index.ts';
import { checkStore } from './maintenance.ts';

const KILLS = Number(process.env['HAWSER_KILLS'] ?? 36);
const CHILD = join(import.meta.dirname, 'testing', 'player.fixture.ts');
/** Kept while one dies and the next one begins. */
const AT_ONCE = 2;

test('killed at random instants amid snapshots, leases and collections, a store agrees with itself', { timeout: 180_000 }, async () => {
  const random = seededRandom(1);
  const seen = new Set<string>();
  const line = async (seed: number): Promise<void> => {
    const folder = await mkdtemp(join(tmpdir(), 'hwt-killed-'));
    try {
      for (let kill = 0; kill < KILLS / AT_ONCE; kill++) {
        await playUntilKilled(folder, seed + 1_000 * kill, 1 + random.integer(120), random.integer(4));
        const { collections } = await checkStore('state', join(folder, 'state'));
        for (const collection of Object.keys(collections)) seen.add(collection);
        const found = await checkStores({ root: join(folder, 'root'), state: join(folder, 'state') });
        expect(found.map(({ status, findings, damage }) => ({ status, findings, damage }))).toEqual(
          found.map(() => ({ status: 'sound', findings: [] })),
        );
      }
    } finally {
      await rm(folder, { recursive: true, force: true });
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => line(index + 1)));
  // What else is there at a death is chance.
  expect([...seen]).toEqual(expect.arrayContaining(['leases', 'snapshots']));
});

/** After so many steps, and then some milliseconds: amid one of those that follow. */
async function playUntilKilled(folder: string, seed: number, steps: number, thenMs: number): Promise<void> {
  const child = fork(CHILD, [folder, String(seed)], {
    execArgv: ['--conditions=hawser:source'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
  let played = 0;
  child.on('message', () => {
    if (++played === steps) setTimeout(() => child.kill('SIGKILL'), thenMs);
  });
  expect(await ended).toBe('SIGKILL');
  expect(played).toBeGreaterThanOrEqual(steps);
}
