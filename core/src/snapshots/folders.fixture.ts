/** Prepares, commits and removes snapshots with folders until it is killed: see the test of backends that are killed. */
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { seededRandom, systemContext } from '../context/index.ts';
import { startCore } from '../testing/core.ts';
import { DirectoryBackend } from './directory-backend.ts';

const [, , folder = '', objects = '', seed = '0'] = process.argv;
const random = seededRandom(Number(seed));
const { signal } = new AbortController();
const core = await startCore({ context: systemContext, folder, gc: { startupDelayMs: 0 } });
const layers = core.snapshots.openBacked({ type: 'layer', store: 'state', backend: new DirectoryBackend(objects), orphanGraceMs: 1e9 });
await layers.compared;

async function step(): Promise<void> {
  const key = `k${random.integer(12)}`;
  const snapshot = core.metadata.read('state', (tx) => layers.records.get(tx, key));
  if (snapshot === undefined) {
    const labels: Record<string, string> = random.integer(4) === 0 ? {} : { 'gc.root': 'yes' };
    const { data } = await layers.prepare(key, { signal, labels });
    const { path } = data.place;
    if (typeof path === 'string') await writeFile(join(path, 'content'), data.id);
  } else if (snapshot.kind === 'active') await layers.commit(key, { signal });
  else await layers.remove(key);
}

for (let round = 0; ; round++) {
  await Promise.all(Array.from({ length: 4 }, () => step().catch(() => undefined)));
  if (round === 3) process.send?.('running');
}
