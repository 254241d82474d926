import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { seededRandom } from '../context/index.ts';
import { testContext } from '../testing/context.ts';
import { startCore } from '../testing/core.ts';
import { signal } from '../testing/garbage.fixture.ts';
import { heldClock } from '../testing/held-clock.ts';
import { DirectoryBackend } from './directory-backend.ts';

/** More by HAWSER_RUNS. */
const RUNS = Number(process.env['HAWSER_RUNS'] ?? 8);
const LONGEST_LIFE_MS = 150;

/** What a process finds that starts after the death of another. */
async function lookAround(folder: string, objects: string): Promise<void> {
  await using core = await startCore({ context: testContext(), folder });
  await using layers = core.snapshots.openBacked({ type: 'layer', store: 'state', backend: new DirectoryBackend(objects) });
  expect(await layers.compared, 'every folder is known to the store, every snapshot has its folder').toEqual({ orphans: [], lost: [] });
  await core.gc.run({ signal });
  const snapshots = core.metadata.read('state', (tx) => [...layers.records.walk(tx)]);
  expect((await readdir(objects)).sort(), 'there is a folder for each snapshot, and no other').toEqual(
    snapshots.map(({ data }) => data.id).sort(),
  );
  for (const { kind, data } of snapshots) {
    const content = await readFile(join(objects, data.id, 'content'), 'utf8').catch(() => undefined);
    if (kind === 'committed') expect([data.id, undefined]).toContain(content);
  }
}

test('killed at random instants, store and folders agree when the next process starts', { timeout: 120_000 }, async () => {
  const place = await mkdtemp(join(tmpdir(), 'hwt-killed-'));
  const [folder, objects] = [join(place, 'core'), join(place, 'objects')];
  const random = seededRandom(7, heldClock());
  try {
    for (let run = 0; run < RUNS; run++) {
      const child = fork(fileURLToPath(import.meta.resolve('./folders.fixture.ts')), [folder, objects, String(run)]);
      await once(child, 'message');
      await new Promise((resolve) => setTimeout(resolve, random.integer(LONGEST_LIFE_MS)));
      child.kill('SIGKILL');
      await once(child, 'exit');
      await lookAround(folder, objects);
    }
  } finally {
    await rm(place, { recursive: true, force: true });
  }
});
