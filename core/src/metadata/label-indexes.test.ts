import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { pino } from 'pino';
import { expect, test } from 'vitest';
import { checkIndex, keysByTerm } from './indexes.ts';
import { LEASES_BY_LABEL, SNAPSHOTS_BY_LABEL } from './label-indexes.ts';
import { openMetadata } from './lmdb-metadata.ts';
import { writeNamespace } from './namespace-records.ts';

const log = pino({ level: 'silent' });
const labelled = (app: string) => ({ labels: { app, 'gc.root': 'x' } });

test('a store of the first version gets its label indexes, in every namespace', async () => {
  await using stack = new AsyncDisposableStack();
  const folder = await mkdtemp(join(tmpdir(), 'hawser-indexes-'));
  stack.defer(() => rm(folder, { recursive: true }));
  const folders = { root: join(folder, 'root'), state: join(folder, 'state'), log };
  {
    await using metadata = await openMetadata({ ...folders, migrations: { root: [], state: [] } });
    await metadata.write('root', (tx) => writeNamespace(tx, 'other', { labels: {} }));
    for (const namespace of ['default', 'other'])
      await metadata.write(
        'state',
        (tx) => {
          for (let n = 0; n < 300; n++) tx.put(SNAPSHOTS_BY_LABEL.state.collection, `thing/${namespace}-${n}`, labelled(`app-${n % 3}`));
          tx.put(LEASES_BY_LABEL.state.collection, namespace, labelled('web'));
        },
        { namespace },
      );
  }
  await using metadata = await openMetadata(folders);
  expect(metadata.stats().state.schemaVersion).toBeGreaterThanOrEqual(2);
  for (const namespace of ['default', 'other'])
    metadata.read(
      'state',
      (tx) => {
        for (const index of [SNAPSHOTS_BY_LABEL.state, LEASES_BY_LABEL.state])
          expect(checkIndex(tx, index)).toEqual({ missing: [], stale: [] });
        expect([...tx.keys(SNAPSHOTS_BY_LABEL.state.entries)]).toHaveLength(300);
        expect([...keysByTerm(tx, LEASES_BY_LABEL.state, '3:app=web')]).toEqual([namespace]);
      },
      { namespace },
    );
});
