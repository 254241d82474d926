import { expect, test, vi } from 'vitest';
import { defineCollection, type Metadata, type StoreName, type Transaction } from '../metadata/store.ts';
import { startCore, type TestCore } from '../testing/core.ts';
import { testContext } from '../testing/context.ts';
import { journal, publish, turns } from './events.fixture.ts';
import { JournalKeeper } from './journal-keeper.ts';

const RECORDS = defineCollection('state', 'events');
const left = (core: TestCore) => core.metadata.read('state', (tx) => [...tx.keys(RECORDS)].length);

/** The core's stores with something that happens before each write to one of them. */
const watched = ({ metadata }: TestCore, watch: StoreName, before: () => Promise<unknown>): Metadata => ({
  read: (store, fn, scope) => metadata.read(store, fn, scope),
  write: async <T>(store: StoreName, fn: (tx: Transaction) => T): Promise<T> => {
    if (store === watch) await before();
    return metadata.write(store, fn);
  },
  view: (store, lifetime) => metadata.view(store, lifetime),
  onCommit: (observe) => metadata.onCommit(observe),
  stats: () => metadata.stats(),
  backup: (store, folder, stop) => metadata.backup(store, folder, stop),
});

test('a stop that comes while the journal is kept moves what was published meanwhile too', async () => {
  const context = testContext();
  await using core = await startCore({ context });
  const stop = new AbortController();
  for (let n = 0; n < 3; n++) {
    await publish(core, n, 'root');
    await context.clock.advance(10);
  }
  const duringPruning = async () => {
    if (!stop.signal.aborted) await publish(core, 3);
    stop.abort();
  };
  const keeper = new JournalKeeper({
    metadata: watched(core, 'root', duringPruning),
    clock: context.clock,
    maxAgeMs: 1_000,
    maxBytes: 1e9,
  });
  const running = keeper.run(1_000, stop.signal);
  await context.clock.advance(1_000);
  await running;
  expect([journal(core).at(-1), left(core)]).toEqual([3, 0]);
});

test('while others go on publishing, moving comes to an end', { timeout: 10_000 }, async () => {
  const context = testContext();
  await using core = await startCore({ context });
  for (let n = 0; n < 450; n++) await publish(core, n);
  let published = 450;
  const busy = watched(core, 'state', () => publish(core, published++));
  const keeper = new JournalKeeper({ metadata: busy, clock: context.clock, maxAgeMs: 1e9, maxBytes: 1e9 });
  const moved = keeper.archive();
  let rounds = 0;
  const done = moved.then(() => true);
  while (rounds++ < 500 && !(await Promise.race([done, turns(1)])));
  expect(rounds).toBeLessThan(500);
  expect(await moved).toBeGreaterThanOrEqual(450);
});

test('what is moved, counted and deleted in one go is bounded by bytes, for a record may hold many events', async () => {
  const context = testContext();
  await using core = await startCore({ context });
  for (let n = 0; n < 4; n++) {
    await core.metadata.write('state', (tx) => {
      for (let event = 0; event < 1_000; event++) core.events.publish(tx, { topic: '/test/many', data: { n } });
    });
  }
  const changes: number[] = [];
  const counted: Metadata = {
    ...watched(core, 'root', async () => undefined),
    write: (store, fn) =>
      core.metadata.write(store, (tx) => {
        const [put, remove] = [vi.spyOn(tx, 'put'), vi.spyOn(tx, 'delete')];
        const result = fn(tx);
        changes.push(put.mock.calls.length + remove.mock.calls.length);
        return result;
      }),
  };
  const keeper = new JournalKeeper({ metadata: counted, clock: context.clock, maxAgeMs: 1e9, maxBytes: 1_000 });
  expect([await keeper.archive(), await keeper.prune()]).toEqual([4_000, 4_000]);
  expect(Math.max(...changes)).toBeLessThan(32);
});

test('a clock that is set ahead takes no event along at once', async () => {
  const context = testContext();
  await using core = await startCore({ context });
  const keeper = new JournalKeeper({ metadata: core.metadata, clock: context.clock, maxAgeMs: 7 * 86_400_000, maxBytes: 1e9 });
  await publish(core, 0);
  await keeper.archive();
  await keeper.prune();
  context.clock.setBy(30 * 86_400_000);
  await keeper.prune();
  expect(journal(core)).toEqual([0]);
  await context.clock.advance(601_000);
  await keeper.prune();
  expect(journal(core)).toEqual([]);
});
