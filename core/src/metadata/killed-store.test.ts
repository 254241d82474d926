import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { seededRandom } from '../context/index.ts';
import { KilledLine } from './testing/killed-line.fixture.ts';

/** More by HAWSER_KILLS. */
const KILLS = Number(process.env['HAWSER_KILLS'] ?? 300);
/** Of the stories; the instants of the deaths are chance. */
const SEED = Number(process.env['HAWSER_SEED'] ?? 1);
/** One dies while the next one begins. */
const AT_ONCE = 2;

test(
  'killed at random instants, both stores hold what the model says, and agree with themselves',
  { timeout: 2_000 * KILLS + 60_000 },
  async () => {
    const place = await mkdtemp(join(tmpdir(), 'hwt-killed-'));
    try {
      const lines = Array.from(
        { length: AT_ONCE },
        (_, index) => new KilledLine(join(place, `${index}`), seededRandom(SEED + index), join(place, 'cache')),
      );
      const failures: unknown[] = [];
      const live = async (line: KilledLine): Promise<void> => {
        await line.prepare();
        for (let kill = 0; kill < KILLS / AT_ONCE && failures.length === 0; kill++) await line.live(kill);
      };
      // Each comes to its end before what it stands on is taken away.
      await Promise.all(lines.map((line) => live(line).catch((error: unknown) => failures.push(error))));
      if (failures.length > 0) throw failures[0];
      // Where a death finds a process is chance, but not that none was at work.
      expect(lines.reduce((sum, { counted }) => sum + counted.turns, 0)).toBeGreaterThan(KILLS);
    } finally {
      await rm(place, { recursive: true, force: true });
    }
  },
);
