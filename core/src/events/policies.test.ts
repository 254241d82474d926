import * as fc from 'fast-check';
import { pino } from 'pino';
import { describe, expect, test } from 'vitest';
import { countedMetrics } from '../testing/counted.ts';
import { startCore } from '../testing/core.ts';
import { testContext } from '../testing/context.ts';
import { disposableController, numbers, publishAll, take, turns } from './events.fixture.ts';
import { openExchange } from './exchange.ts';
import { JournalKeeper } from './journal-keeper.ts';

describe('a subscriber that blocks', () => {
  test('loses nothing while it goes on taking, however far behind it is', async () => {
    const context = testContext();
    await using core = await startCore({ context });
    using controller = disposableController();
    const stream = core.events.subscribe({ signal: controller.signal, queue: 4, policy: 'block', blockMs: 1_000 });
    const seen: unknown[] = [];
    for (let n = 0; n < 300; n += 30) {
      await publishAll(core, n, n + 30);
      seen.push(...(await take(stream, 7)));
      await context.clock.advance(900);
    }
    seen.push(...(await take(stream, 300 - seen.length)));
    expect(seen).toEqual(numbers(0, 300));
    await context.clock.advance(10_000); // live again: nothing that it could be late with
    await publishAll(core, 300, 302);
    expect(await take(stream, 2)).toEqual([300, 301]);
  });

  test('is disconnected when it takes nothing until its deadline, and told from where to go on', async () => {
    const context = testContext();
    await using core = await startCore({ context });
    using controller = disposableController();
    const stream = core.events.subscribe({ signal: controller.signal, queue: 4, policy: 'block', blockMs: 1_000 });
    await publishAll(core, 0, 10);
    expect(await take(stream, 2)).toEqual([0, 1]);
    await context.clock.advance(999);
    expect(await take(stream, 1)).toEqual([2]);
    await context.clock.advance(999);
    await publishAll(core, 10, 12);
    await context.clock.advance(1);
    const { value } = await stream.next();
    expect(value).toMatchObject({ lagged: 9 });
    expect(await take(stream, 1)).toEqual(['end']);
    expect(context.clock.waiting).toBe(0);
    const again = core.events.subscribe({ signal: controller.signal, from: value.resumeFrom });
    expect(await take(again, 9)).toEqual(numbers(3, 12));
  });

  test('is not late while it waits for the exchange', async () => {
    const context = testContext();
    await using core = await startCore({ context });
    using controller = disposableController();
    const filters = ['data.n==99999'];
    const stream = core.events.subscribe({ signal: controller.signal, queue: 4, policy: 'block', blockMs: 1_000, filters });
    const next = stream.next();
    await publishAll(core, 0, 2_000);
    await context.clock.advance(5_000);
    await publishAll(core, 99_999, 100_000);
    expect((await next).value).toMatchObject({ data: { n: 99_999 } });
  });
});

test('whatever comes and however little is taken, a subscriber that blocks sees each event once, in order, and only those it wants', async () => {
  const step = fc.oneof(
    fc.record({ publish: fc.integer({ min: 1, max: 90 }) }),
    fc.record({ take: fc.integer({ min: 1, max: 60 }) }),
    fc.constant('archive' as const),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 30 }), fc.constantFrom(1, 3, 50), fc.boolean(), async (steps, queue, odd) => {
      const context = testContext();
      await using core = await startCore({ context });
      using controller = disposableController();
      const keeper = new JournalKeeper({ metadata: core.metadata, clock: context.clock, maxAgeMs: 1e9, maxBytes: 1e9 });
      const filters = odd ? { filters: ['data.n~=[13579]$'] } : {};
      const stream = core.events.subscribe({ signal: controller.signal, queue, policy: 'block', ...filters });
      const wanted = (to: number) => numbers(0, to).filter((n) => !odd || n % 2 === 1);
      let published = 0;
      const seen: unknown[] = [];
      for (const one of steps) {
        if (one === 'archive') await keeper.archive();
        else if ('publish' in one) await publishAll(core, published, (published += one.publish));
        else seen.push(...(await take(stream, Math.min(one.take, wanted(published).length - seen.length))));
      }
      seen.push(...(await take(stream, wanted(published).length - seen.length)));
      expect(seen).toEqual(wanted(published));
    }),
    { numRuns: 40 },
  );
});

test('what is left out is counted exactly, by each policy', async () => {
  for (const [policy, lagged, kept] of [
    ['drop_oldest', 7, numbers(7, 10)],
    ['disconnect', 7, numbers(0, 3)],
  ] as const) {
    await using core = await startCore({ context: testContext() });
    using controller = disposableController();
    const stream = core.events.subscribe({ signal: controller.signal, queue: 3, policy });
    await publishAll(core, 0, 10);
    const told = [{ lagged }];
    expect(await take(stream, 4)).toEqual(policy === 'disconnect' ? [...kept, ...told] : [...told, ...kept]);
  }
});

test('publishers never wait: a transaction is as done with a hundred subscribers that take nothing as with none', async () => {
  await using core = await startCore({ context: testContext() });
  using controller = disposableController();
  for (const policy of ['drop_oldest', 'block', 'disconnect'] as const)
    for (let n = 0; n < 34; n++) core.events.subscribe({ signal: controller.signal, queue: 1, policy });
  await publishAll(core, 0, 1_000);
  expect(Array.from(core.events.history({ limit: 1 }))).toHaveLength(1);
});

test.each([
  [{ queue: 0 }],
  [{ queue: 1.5 }],
  [{ queue: 1_000_001 }],
  [{ blockMs: 0 }],
  [{ blockMs: Number.NaN }],
  [{ blockMs: 86_400_001 }],
])('%j is refused', async (options) => {
  await using core = await startCore({ context: testContext() });
  expect(() => core.events.subscribe({ signal: new AbortController().signal, ...options })).toThrow(
    expect.objectContaining({ code: 'events.invalid_queue' }),
  );
});

test('metrics tell what is published, left out and how far the slowest is behind', async () => {
  const metrics = countedMetrics();
  await using core = await startCore({ context: testContext() });
  using controller = disposableController();
  const { metadata } = core;
  using exchange = await openExchange({ metadata, context: testContext(), log: pino({ level: 'silent' }), metrics });
  const slow = exchange.subscribe({ signal: controller.signal, queue: 5 });
  const blocked = exchange.subscribe({ signal: controller.signal, queue: 5, policy: 'block' });
  exchange.subscribe({ signal: controller.signal, queue: 5, policy: 'disconnect' });
  await metadata.write('state', (tx) => {
    for (let n = 0; n < 8; n++) exchange.publish(tx, { topic: n % 4 === 0 ? '/links/added' : '/test/happened', data: {} });
  });
  const aborted = metadata.write('state', (tx) => {
    exchange.publish(tx, { topic: '/test/happened', data: {} });
    throw new Error('aborted');
  });
  await expect(aborted).rejects.toThrow('aborted');
  await metrics.expose();
  expect(Object.fromEntries(metrics.values)).toMatchObject({
    'hawser_events_published_total{area="test"}': 6,
    'hawser_events_published_total{area="links"}': 2,
    hawser_events_dropped_total: 6,
    hawser_events_disconnected_total: 1,
    hawser_events_open_subscribers: 3,
    hawser_events_lag_events: 8,
  });
  await take(slow, 6);
  await take(blocked, 8);
  await turns(1);
  await metrics.expose();
  expect(metrics.values.get('hawser_events_lag_events')).toBe(5);
});
