/** Writes pairs of keys until it is killed, and tells its parent of each commit: see the test of lmdb-metadata. */
import { pino } from 'pino';
import { systemRandom } from '../../context/system.ts';
import { openMetadata } from '../lmdb-metadata.ts';
import { defineCollection } from '../store.ts';

const [, , root = '', state = ''] = process.argv;
const things = defineCollection<{ readonly n: number }>('state', 'things');
const metadata = await openMetadata({ root, state, log: pino({ level: 'silent' }) });

for (let n = 0; ; n++) {
  const key = systemRandom.id();
  await metadata.write('state', (tx) => {
    tx.put(things, `${key}a`, { n });
    tx.put(things, `${key}b`, { n });
  });
  process.send?.(`${key}a`);
}
