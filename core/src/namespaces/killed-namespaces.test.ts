import { fork } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { checkStores } from '../cli/check-stores.ts';
import { seededRandom } from '../context/index.ts';
import { inStore } from '../metadata/maintenance.ts';
import { readNamespaces } from '../metadata/namespace-records.ts';
import { StoreReader } from '../metadata/transaction.ts';
import { testContext } from '../testing/context.ts';
import { startCore } from '../testing/core.ts';
import { anyStep, NamespaceModel, NamespacePlayer } from './stories.fixture.ts';

/** More by HAWSER_KILLS. */
const KILLS = Number(process.env['HAWSER_KILLS'] ?? 24);
const CHILD = join(import.meta.dirname, 'testing', 'player.fixture.ts');
const STEPS = 400;
const LONGEST_LIFE_MS = 60;
/** One dies while the next one begins. */
const AT_ONCE = 2;
const random = seededRandom(1);

test(
  'killed between the steps of two stores, nothing is in a namespace that is not there, and nothing that was told is lost',
  { timeout: 3_000 * KILLS + 60_000 },
  async () => {
    const place = await mkdtemp(join(tmpdir(), 'hwt-killed-'));
    try {
      const lines = await Promise.all(Array.from({ length: AT_ONCE }, (_, index) => line(join(place, String(index)), 1_000 * index)));
      // Where a death finds a process is chance, but not that none was at work.
      expect(lines.reduce((sum, told) => sum + told, 0)).toBeGreaterThan(KILLS);
    } finally {
      await rm(place, { recursive: true, force: true });
    }
  },
);

/** One pair of stores through the deaths of one process after the other; how many steps were told. */
async function line(folder: string, seeds: number): Promise<number> {
  let model = new NamespaceModel();
  let count = 0;
  for (let kill = 0; kill < KILLS / AT_ONCE; kill++) {
    const seed = seeds + kill;
    const told = await playUntilKilled(folder, seed);
    const steps = fc.sample(anyStep, { seed, numRuns: STEPS });
    for (const [index, outcome] of told.entries()) {
      const step = steps[index] ?? expect.fail();
      expect({ ...step, outcome }).toEqual({ ...step, outcome: model.apply(step) });
    }
    count += told.length;
    await assertHomes(folder);
    await using core = await startCore({ context: testContext(), folder, gc: { startupDelayMs: 1e9, scheduleDelayMs: 1e9 } });
    using player = new NamespacePlayer(core);
    // The step after the last that was told may have been carried out, and not told any more.
    const further = model.copy();
    const next = steps[told.length];
    if (next !== undefined) further.apply(next);
    const content = player.content();
    expect([model.content(), further.content()]).toContainEqual(content);
    if (JSON.stringify(content) !== JSON.stringify(model.content())) model = further;
  }
  return count;
}

/** Before the next process takes in what it finds: each namespace that either store holds something in has a record. */
async function assertHomes(folder: string): Promise<void> {
  const folders = { root: join(folder, 'root'), state: join(folder, 'state') };
  const found = await checkStores(folders);
  expect(found.map(({ status, findings }) => ({ status, findings }))).toEqual([1, 2].map(() => ({ status: 'sound', findings: [] })));
  const root = await inStore(join(folders.root, 'store'), (pages) => {
    const tx = new StoreReader('root', pages);
    return { names: Array.from(readNamespaces(tx), ([name]) => name), used: tx.namespaces() };
  });
  const used = await inStore(join(folders.state, 'store'), (pages) => new StoreReader('state', pages).namespaces());
  expect(root.names).toEqual(expect.arrayContaining([...root.used, ...used]));
}

/** Outcomes of the steps that were written down. */
async function playUntilKilled(folder: string, seed: number): Promise<readonly string[]> {
  const diary = `${folder}.diary`;
  const child = fork(CHILD, [folder, String(seed), String(STEPS), diary], {
    execArgv: ['--conditions=hawser:source'],
    stdio: ['ignore', 'ignore', 'inherit', 'ipc'],
  });
  const ended = new Promise((resolve) => child.once('exit', (_code, signal) => resolve(signal)));
  child.once('message', () => setTimeout(() => child.kill('SIGKILL'), random.integer(LONGEST_LIFE_MS)));
  expect(await ended).toBe('SIGKILL');
  return (await readFile(diary, 'utf8')).split('\n').slice(0, -1);
}
