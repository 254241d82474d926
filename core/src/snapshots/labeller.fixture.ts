/** Makes, changes and removes labelled snapshots and leases until it is killed: see the test of the listing of snapshots. */
import { seededRandom, systemContext } from '../context/index.ts';
import { startCore } from '../testing/core.ts';

process.once('disconnect', () => process.exit());
const [, , folder = '', seed = '0'] = process.argv;
const random = seededRandom(Number(seed));
const pick = <T>(...choices: readonly [T, ...T[]]): T => choices[random.integer(choices.length)] ?? choices[0];
const labels = () => ({ [pick('a', 'b')]: pick('1', '2', ''), [pick('b', 'c')]: pick('1', '2') });

const core = await startCore({ context: systemContext, folder });
const things = core.snapshots.open<Record<string, never>>({ type: 'thing', store: 'state' });
for (let round = 0; ; round++) {
  await Promise.all(
    Array.from({ length: 4 }, () =>
      core.metadata
        .write('state', (tx) => {
          const key = `k${random.integer(30)}`;
          const there = things.get(tx, key) !== undefined;
          if (!there) things.prepare(tx, key, { data: {}, labels: { ...labels(), 'gc.root': 'x' } });
          else if (pick(true, false)) things.update(tx, key, { labels: labels() });
          else things.remove(tx, key);
          if (core.leases.get(tx, key) === undefined) core.leases.create(tx, { id: key, labels: labels() });
          else core.leases.delete(tx, key);
        })
        .catch(() => undefined),
    ),
  );
  if (round === 3) process.send?.('running');
}
