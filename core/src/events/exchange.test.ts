import * as fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import type { StoreName, Transaction } from '../metadata/store.ts';
import { startCore, type TestCore } from '../testing/core.ts';
import { testContext } from '../testing/context.ts';
import { disposableController, journal, publish, take } from './events.fixture.ts';
import { JournalKeeper } from './journal-keeper.ts';

const keeper = (core: TestCore, options: { maxAgeMs?: number; maxBytes?: number } = {}, clock = testContext().clock) =>
  new JournalKeeper({ metadata: core.metadata, clock, maxAgeMs: options.maxAgeMs ?? 1e9, maxBytes: options.maxBytes ?? 1e9 });

async function withFolder(work: (folder: string) => Promise<void>): Promise<void> {
  const folder = mkdtempSync(join(tmpdir(), 'hawser-events-'));
  try {
    await work(folder);
  } finally {
    rmSync(folder, { recursive: true });
  }
}

describe('live', () => {
  test('all subscribers see the same order, everything after subscribe returned, and only what is committed', async () => {
    await using core = await startCore({ context: testContext() });
    using controller = disposableController();
    const streams = [0, 1, 2].map(() => core.events.subscribe({ signal: controller.signal }));
    const aborted = core.metadata.write('state', (tx) => {
      core.events.publish(tx, { topic: '/test/happened', data: { n: 99 } });
      throw new Error('abort');
    });
    await Promise.allSettled([publish(core, 0), aborted, publish(core, 1, 'root'), publish(core, 2)]);
    const seen = await Promise.all(streams.map((stream) => take(stream, 3)));
    expect(new Set(seen.map(String)).size).toBe(1);
    expect(journal(core)).toEqual(seen[0]);
    expect(journal(core)).toHaveLength(3);
  });

  test('topics are prefixes of whole components', async () => {
    await using core = await startCore({ context: testContext() });
    using controller = disposableController();
    const stream = core.events.subscribe({ signal: controller.signal, topics: ['/test', '/links/added'] });
    await publish(core, 1, 'state', '/tests/other');
    await publish(core, 2, 'state', '/test/happened');
    await publish(core, 3, 'state', '/links/removed');
    await publish(core, 4, 'state', '/links/added');
    expect(await take(stream, 2)).toEqual([2, 4]);
    expect(Array.from(core.events.history({ topics: ['/test'] }), ({ type }) => type)).toEqual(['test.happened']);
  });

  test('a slow subscriber loses the oldest, is told how many, and gets them from the journal', async () => {
    await using core = await startCore({ context: testContext() });
    using controller = disposableController();
    const stream = core.events.subscribe({ signal: controller.signal, queue: 3 });
    await publish(core, 0);
    expect(await take(stream, 1)).toEqual([0]);
    for (let n = 1; n <= 10; n++) await publish(core, n);
    const { value } = await stream.next();
    expect(value).toMatchObject({ lagged: 7 });
    expect(await take(stream, 3)).toEqual([8, 9, 10]);
    const again = core.events.subscribe({ signal: controller.signal, from: value.resumeFrom });
    expect(await take(again, 10)).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9, 10]);
  });

  test('with `disconnect` the stream ends where it overflowed, and says from where to go on', async () => {
    await using core = await startCore({ context: testContext() });
    using controller = disposableController();
    const stream = core.events.subscribe({ signal: controller.signal, queue: 2, policy: 'disconnect' });
    for (let n = 0; n < 5; n++) await publish(core, n);
    expect(await take(stream, 2)).toEqual([0, 1]);
    const { value } = await stream.next();
    expect(await take(stream, 1)).toEqual(['end']);
    const again = core.events.subscribe({ signal: controller.signal, from: value.resumeFrom });
    expect(await take(again, 3)).toEqual([2, 3, 4]);
  });

  test('the signal, `return` and the end of the exchange end a stream that waits', async () => {
    const core = await startCore({ context: testContext() });
    const controller = new AbortController();
    const waiting = [1, 2, 3].map((n) => core.events.subscribe({ signal: n === 1 ? controller.signal : new AbortController().signal }));
    const ends = waiting.map((stream) => stream.next());
    controller.abort();
    await waiting[1]?.return?.();
    await core[Symbol.asyncDispose]();
    expect(await Promise.all(ends)).toEqual(Array.from({ length: 3 }, () => ({ value: undefined, done: true })));
  });

  test('an event that can’t be stored never fails the operation', async () => {
    await using core = await startCore({ context: testContext() });
    const circle: Record<string, never> = {};
    Reflect.set(circle, 'self', circle);
    await core.metadata.write('state', (tx) => {
      core.events.publish(tx, { topic: '/test/huge', data: { text: 'x'.repeat(2 ** 21) } });
      core.events.publish(tx, { topic: '/test/circle', data: circle });
      core.events.publish(tx, { topic: 'no topic', data: {} });
    });
    expect(Array.from(core.events.history(), ({ topic, data }) => [topic, Object.keys(data)])).toEqual([
      ['/test/huge', ['omitted']],
      ['/test/circle', ['omitted']],
    ]);
  });
});

describe('journal', () => {
  test('replay goes over into live without a gap or a double, also while it is being archived', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.constantFrom('state', 'root', 'take', 'archive'), { maxLength: 60 }),
        fc.integer({ min: 0, max: 10 }),
        async (steps, before) => {
          await using core = await startCore({ context: testContext() });
          using controller = disposableController();
          let published = 0;
          for (; published < before; published++) await publish(core, published);
          const stream = core.events.subscribe({ signal: controller.signal, from: 'start' });
          const seen: unknown[] = [];
          for (const step of steps) {
            if (step === 'archive') await keeper(core).archive();
            else if (step === 'take') seen.push(...(await take(stream, Math.min(1, published - seen.length))));
            else await publish(core, published++, step);
          }
          seen.push(...(await take(stream, published - seen.length)));
          expect(seen).toEqual(Array.from({ length: published }, (_, n) => n));
          expect(journal(core)).toEqual(seen);
        },
      ),
      { numRuns: 30 },
    );
  });

  test('cursors rise over restarts and over a reboot that takes the state store away', async () =>
    withFolder(async (folder) => {
      const cursors: string[] = [];
      for (const boot of ['a', 'a', 'b', 'c']) {
        await using core = await startCore({ context: testContext(), folder, bootId: async () => boot });
        for (let n = 0; n < 3; n++) await publish(core, n);
        cursors.push(...Array.from(core.events.history(), ({ cursor }) => cursor).slice(-3));
      }
      expect(cursors).toEqual([...new Set(cursors)].sort());
      expect(cursors).toHaveLength(12);
    }));

  test('what is archived survives a reboot; dying between copy and deletion doubles nothing', async () =>
    withFolder(async (folder) => {
      {
        await using core = await startCore({ context: testContext(), folder, bootId: async () => 'a' });
        for (let n = 0; n < 5; n++) await publish(core, n);
        const state = core.metadata;
        const dying = {
          ...testDouble(state),
          write: <T>(store: StoreName, fn: (tx: Transaction) => T): Promise<T> =>
            store === 'state' ? Promise.reject(new Error('died')) : state.write(store, fn),
        };
        const broken = new JournalKeeper({ metadata: dying, clock: testContext().clock, maxAgeMs: 1e9, maxBytes: 1e9 });
        await expect(broken.archive()).rejects.toThrow('died');
        expect(journal(core)).toEqual([0, 1, 2, 3, 4]);
        await keeper(core).archive();
        expect(journal(core)).toEqual([0, 1, 2, 3, 4]);
        await publish(core, 5);
      }
      await using core = await startCore({ context: testContext(), folder, bootId: async () => 'b' });
      expect(journal(core)).toEqual([0, 1, 2, 3, 4]);
    }));

  test('the oldest go by age and by size, and who asks for them is told', async () => {
    const context = testContext();
    await using core = await startCore({ context });
    using controller = disposableController();
    await publish(core, 0);
    const [first] = core.events.history();
    await publish(core, 1);
    await context.clock.advance(1000);
    for (let n = 2; n < 12; n++) await publish(core, n);
    const old = keeper(core, { maxAgeMs: 500 }, context.clock);
    await old.archive();
    expect(await old.prune()).toBe(2);
    expect(journal(core)[0]).toBe(2);
    const small = keeper(core, { maxBytes: 800 }, context.clock);
    expect(await small.prune()).toBeGreaterThan(3);
    expect(journal(core).at(-1)).toBe(11);
    const expired = expect.objectContaining({ code: 'events.cursor_expired' });
    expect(() => core.events.subscribe({ signal: controller.signal, from: first?.cursor ?? '' })).toThrow(expired);
    expect(() => core.events.subscribe({ signal: controller.signal, from: 'yesterday' })).toThrow("'yesterday' is no cursor");
  });
});

/** The methods of a store as an object that can be spread. */
const testDouble = (metadata: TestCore['metadata']): TestCore['metadata'] => ({
  read: (store, fn) => metadata.read(store, fn),
  write: (store, fn) => metadata.write(store, fn),
  view: (store, lifetime) => metadata.view(store, lifetime),
  onCommit: (observe) => metadata.onCommit(observe),
  stats: () => metadata.stats(),
  backup: (store, folder, signal) => metadata.backup(store, folder, signal),
});
