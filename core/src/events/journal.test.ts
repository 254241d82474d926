import * as fc from 'fast-check';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { backupStore, restoreStore } from '../metadata/maintenance.ts';
import type { Metadata, StoreName, Transaction } from '../metadata/store.ts';
import { defineCollection } from '../metadata/store.ts';
import { startCore, type TestCore } from '../testing/core.ts';
import { testContext } from '../testing/context.ts';
import type { Clock } from '../context/index.ts';
import { disposableController, journal, numbers, publish, publishAll, take, turns } from './events.fixture.ts';
import { JournalKeeper } from './journal-keeper.ts';

const RECORDS = defineCollection('state', 'events');
const ARCHIVE = defineCollection('root', 'events');
const signal = new AbortController().signal;
const cursors = (core: TestCore) => Array.from(core.events.history(), ({ cursor }) => cursor);

function keeper(core: Pick<TestCore, 'metadata'>, clock: Clock, limits: { maxAgeMs?: number; maxBytes?: number } = {}): JournalKeeper {
  return new JournalKeeper({ metadata: core.metadata, clock, maxAgeMs: limits.maxAgeMs ?? 1e9, maxBytes: limits.maxBytes ?? 1e9 });
}

const refusing = (metadata: Metadata, refused: StoreName): Metadata => ({
  read: (store, fn, scope) => metadata.read(store, fn, scope),
  write: <T>(store: StoreName, fn: (tx: Transaction) => T): Promise<T> =>
    store === refused ? Promise.reject(new Error('the disk is full')) : metadata.write(store, fn),
  view: (store, lifetime) => metadata.view(store, lifetime),
  onCommit: (observe) => metadata.onCommit(observe),
  stats: () => metadata.stats(),
  backup: (store, folder, stop) => metadata.backup(store, folder, stop),
});

describe('records', () => {
  test('what a transaction publishes is one record of at most 64 events; its cursors follow one another', async () => {
    await using core = await startCore({ context: testContext() });
    await publishAll(core, 0, 7);
    expect(core.metadata.read('state', (tx) => [...tx.keys(RECORDS)])).toHaveLength(1);
    await publishAll(core, 7, 140);
    expect(core.metadata.read('state', (tx) => [...tx.keys(RECORDS)])).toHaveLength(1 + 3);
    expect(journal(core)).toEqual(numbers(0, 140));
    const known = cursors(core);
    expect(known).toEqual([...new Set(known)].sort());
    for (const at of [0, 3, 6, 7, 70, 71, 139])
      expect(Array.from(core.events.history({ from: known[at] ?? '' }), ({ data }) => data['n'])).toEqual(numbers(at + 1, 140));
  });

  test('a subscriber sees the cursors that the journal has, also behind transactions that were aborted', async () => {
    await using core = await startCore({ context: testContext() });
    using controller = disposableController();
    const stream = core.events.subscribe({ signal: controller.signal });
    const aborted = core.metadata.write('state', (tx) => {
      core.events.publish(tx, { topic: '/test/happened', data: { n: 99 } });
      throw new Error('no');
    });
    await Promise.allSettled([publishAll(core, 0, 3), aborted, publishAll(core, 3, 5)]);
    const seen = [];
    for (let n = 0; n < 5; n++) seen.push((await stream.next()).value);
    expect(seen).toEqual([...core.events.history()]);
  });

  test('an event of which the data can’t be stored costs the others of its transaction nothing', async () => {
    await using core = await startCore({ context: testContext() });
    const circle: Record<string, never> = {};
    Reflect.set(circle, 'self', circle);
    await core.metadata.write('state', (tx) => {
      for (const data of [{ n: 0 }, circle, { n: 2 }, { text: 'x'.repeat(2 ** 20) }, { text: 'x'.repeat(2 ** 19) }, { n: 5 }])
        core.events.publish(tx, { topic: '/test/happened', data });
    });
    expect(Array.from(core.events.history(), ({ data }) => Object.keys(data)[0])).toEqual(['n', 'omitted', 'n', 'omitted', 'text', 'n']);
  });

  test('so does one whose data fail in another way, and a subscriber sees of it what the journal has', async () => {
    await using core = await startCore({ context: testContext() });
    using controller = disposableController();
    const stream = core.events.subscribe({ signal: controller.signal });
    const broken: Record<string, never> = {};
    Reflect.set(broken, 'toJSON', () => {
      throw new RangeError('x'.repeat(2 ** 20));
    });
    await core.metadata.write('state', (tx) => {
      for (const data of [{ n: 0 }, broken, { n: 2 }]) core.events.publish(tx, { topic: '/test/happened', data });
    });
    const seen = [];
    for (let n = 0; n < 3; n++) seen.push((await stream.next()).value);
    expect(seen).toMatchObject([{ data: { n: 0 } }, { data: { omitted: {} } }, { data: { n: 2 } }]);
    expect([...core.events.history()]).toEqual(seen);
  });

  test('cursors go on behind those of this boot also where the durable store was put back to an earlier time', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hawser-events-'));
    await using _folder = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
    const run = async () => {
      await using core = await startCore({ context: testContext(), folder, bootId: async () => 'a' });
      await publish(core, 0);
      await keeper(core, testContext().clock).archive();
      return cursors(core).at(-1) ?? '';
    };
    await run();
    await backupStore('root', join(folder, 'root'), join(folder, 'backup'));
    const [, last] = [await run(), await run()];
    await restoreStore('root', join(folder, 'root'), join(folder, 'backup'));
    expect((await run()) > last).toBe(true);
  });

  test('the journal of an agent of before, with a record for each event, is read', async () => {
    await using core = await startCore({ context: testContext() });
    const stored = { topic: '/test/happened', data: { n: 0 }, timestamp: '2025-01-01T00:00:00.000Z', namespace: 'blue' };
    await core.metadata.write('root', (tx) => tx.put(ARCHIVE, '00000000-000000000001', stored));
    await publish(core, 1);
    expect(Array.from(core.events.history(), ({ namespace, data }) => [namespace, data['n']])).toEqual([
      ['blue', 0],
      ['default', 1],
    ]);
    expect(Array.from(core.events.history())[0]).toMatchObject({ cursor: '00000000-000000000001', type: 'test.happened' });
  });

  test('one published when its transaction is over is lost, and told in the log alone', async () => {
    await using core = await startCore({ context: testContext() });
    let late: Transaction | undefined;
    await core.metadata.write('state', (tx) => void (late = tx));
    core.events.publish(late ?? expect.fail(), { topic: '/test/happened', data: {} });
    await publish(core, 1);
    expect(journal(core)).toEqual([1]);
  });
});

describe('places to go on from', () => {
  test('an expired cursor is told as such, with the oldest one to go on from', async () => {
    const context = testContext();
    await using core = await startCore({ context });
    for (let n = 0; n < 6; n++) await publish(core, n);
    const [first = '', , third = ''] = cursors(core);
    const small = keeper(core, context.clock, { maxBytes: 550 });
    await small.archive();
    await small.prune();
    const kept = journal(core);
    expect(kept.length).toBeLessThan(5);
    const expired = expect.objectContaining({ code: 'events.cursor_expired', details: { cursor: first, oldest: expect.any(String) } });
    expect(() => core.events.subscribe({ signal, from: first })).toThrow(expired);
    expect(() => [...core.events.history({ from: first })]).toThrow(expired);
    const error = caught(() => core.events.subscribe({ signal, from: first }));
    const oldest = String(Reflect.get(Reflect.get(error, 'details'), 'oldest'));
    expect(oldest >= third).toBe(true);
    expect(Array.from(core.events.history({ from: oldest }), ({ data }) => data['n'])).toEqual(kept);
  });

  test('a cursor that this journal never gave out is refused', async () => {
    await using core = await startCore({ context: testContext() });
    await publish(core, 0);
    const invalid = expect.objectContaining({ code: 'events.invalid_cursor' });
    for (const from of ['ffffffff-000000000001', '00000001-0000000000ff', '1', '', '00000001-00000000000G'])
      expect(() => core.events.subscribe({ signal, from })).toThrow(invalid);
  });

  test('who goes on from before a reboot that may have taken events is told so; not after a clean stop, nor after a death alone', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hawser-events-'));
    await using _folder = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
    const run = async (boot: string, from: string, end: 'clean' | 'death') => {
      const context = testContext();
      await using core = await startCore({ context, folder, bootId: async () => boot });
      using controller = disposableController();
      const stream = from === '' ? undefined : core.events.subscribe({ signal: controller.signal, from });
      await publish(core, 7);
      const seen = stream === undefined ? [] : await take(stream, 1);
      const stop = new AbortController();
      const running = keeper(core, context.clock).run(1_000, stop.signal);
      const last = cursors(core).at(-1) ?? '';
      if (end === 'clean') stop.abort();
      await (end === 'clean' ? running : undefined);
      return { seen, last };
    };
    const first = await run('a', '', 'clean');
    const second = await run('b', first.last, 'death');
    const third = await run('b', second.last, 'death');
    const fourth = await run('c', third.last, 'clean');
    expect([second.seen, third.seen, fourth.seen]).toEqual([[7], [7], [{ lagged: 0 }]]);
    expect((await run('d', fourth.last, 'clean')).seen).toEqual([7]);
  });

  test('a time stands for the last event before it', async () => {
    const context = testContext();
    await using core = await startCore({ context });
    const began = context.clock.now();
    for (let n = 0; n < 600; n++) {
      if (n % 3 === 0) await context.clock.advance(1_000);
      await publish(core, n, n % 2 === 0 ? 'state' : 'root');
    }
    const after = async (ms: number) => {
      const from = await core.events.cursorAt(began + ms, signal);
      return Array.from(core.events.history({ from, limit: 1 }), ({ data }) => data['n'])[0];
    };
    expect([await after(0), await after(1_500), await after(150_000), await after(199_000)]).toEqual([0, 3, 447, 594]);
    expect([await after(300_000), await after(1e30), await after(-1e30)]).toEqual([undefined, undefined, 0]);
    await expect(core.events.cursorAt(began, AbortSignal.abort(new Error('gone')))).rejects.toThrow('gone');
  });

  test('a replay that retention overtakes is told so, and goes on', async () => {
    const context = testContext();
    await using core = await startCore({ context });
    using controller = disposableController();
    for (let n = 0; n < 300; n++) await publish(core, n);
    const stream = core.events.subscribe({ signal: controller.signal, from: 'start' });
    expect(await take(stream, 1)).toEqual([0]);
    const small = keeper(core, context.clock, { maxBytes: 2_000 });
    await small.archive();
    await small.prune();
    const [oldest] = journal(core);
    const seen = await take(stream, 129);
    expect([seen[126], seen[127], seen[128]]).toEqual([127, { lagged: 0 }, oldest]);
  });
});

describe('retention', () => {
  test('by size counts what is there at the start, what is moved and what is published to the durable store', async () => {
    const context = testContext();
    await using core = await startCore({ context });
    const sized = keeper(core, context.clock, { maxBytes: 20 * 170 });
    for (let round = 0; round < 10; round++) {
      for (let n = 0; n < 10; n++) await publish(core, round * 10 + n, n % 2 === 0 ? 'root' : 'state');
      await sized.archive();
      await sized.prune();
      expect(journal(core).length).toBeLessThanOrEqual(24);
    }
    expect(journal(core)).toEqual(numbers(100 - journal(core).length, 100));
    expect(journal(core).length).toBeGreaterThan(12);
  });

  test('holds for the boot’s part too while the durable store takes nothing', async () => {
    const context = testContext();
    await using core = await startCore({ context });
    for (let n = 0; n < 50; n++) await publish(core, n);
    const [first = ''] = cursors(core);
    const full = keeper({ metadata: refusing(core.metadata, 'root') }, context.clock, { maxBytes: 2_000 });
    const stop = new AbortController();
    const running = full.run(1_000, stop.signal);
    running.catch(() => undefined);
    await context.clock.advance(1_000);
    await expect(running).rejects.toThrow('the disk is full');
    expect(journal(core).length).toBeLessThan(20);
    expect(journal(core).at(-1)).toBe(49);
    expect(() => core.events.subscribe({ signal, from: first })).toThrow(expect.objectContaining({ code: 'events.cursor_expired' }));
  });

  test('many events are moved before their time', async () => {
    const context = testContext();
    await using core = await startCore({ context });
    await publishAll(core, 0, 100);
    const stop = new AbortController();
    const busy = keeper(core, context.clock);
    const running = busy.run(60_000, stop.signal);
    await turns(2);
    busy.journalled(19_999);
    await turns(20);
    expect(core.metadata.read('root', (tx) => [...tx.keys(ARCHIVE)])).toEqual([]);
    busy.journalled(1);
    while (core.metadata.read('state', (tx) => [...tx.keys(RECORDS)].length > 0)) await turns(1);
    stop.abort();
    await running;
    expect(journal(core)).toEqual(numbers(0, 100));
  });

  test('whatever is published, moved and deleted, what is left is the newest without a hole', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.oneof(fc.integer({ min: 1, max: 130 }), fc.constantFrom('archive', 'prune', 'root')), { maxLength: 25 }),
        async (steps) => {
          const context = testContext();
          await using core = await startCore({ context });
          const sized = keeper(core, context.clock, { maxBytes: 4_000 });
          let published = 0;
          for (const step of steps) {
            if (step === 'archive') await sized.archive();
            else if (step === 'prune') await sized.prune();
            else if (step === 'root') await publish(core, published++, 'root');
            else await publishAll(core, published, (published += step));
          }
          expect(journal(core)).toEqual(numbers(published - journal(core).length, published));
        },
      ),
      { numRuns: 30 },
    );
  });
});

function caught(work: () => unknown): object {
  try {
    work();
  } catch (error) {
    return error instanceof Error ? error : expect.fail();
  }
  return expect.fail('nothing was thrown');
}
