/** What containerd's event service promises, and what is wrong with it: each in our own words, held here. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test, vi } from 'vitest';
import { startCore } from '../testing/core.ts';
import { testContext } from '../testing/context.ts';
import { disposableController, journal, numbers, publish, publishAll, take } from './events.fixture.ts';
import { Pattern } from '../filters/pattern.ts';

describe('promised as there', () => {
  test('publishing stamps the time and the namespace', async () => {
    const context = testContext();
    await using core = await startCore({ context });
    await core.metadata.write('state', (tx) => core.events.publish(tx, { topic: '/test/happened', data: {} }), { namespace: 'blue' });
    await context.clock.advance(1_500);
    await publish(core, 1);
    expect(Array.from(core.events.history(), ({ timestamp, namespace }) => [timestamp, namespace])).toEqual([
      ['2026-01-01T00:00:00.000Z', 'blue'],
      ['2026-01-01T00:00:01.500Z', 'default'],
    ]);
  });

  test('one order for all subscribers, over both stores and all namespaces', async () => {
    await using core = await startCore({ context: testContext() });
    using controller = disposableController();
    const streams = numbers(0, 5).map(() => core.events.subscribe({ signal: controller.signal }));
    const scopes = [{ namespace: 'blue' }, {}, { namespace: 'green' }];
    const writes = numbers(0, 60).map((n) =>
      core.metadata.write(
        n % 3 === 0 ? 'root' : 'state',
        (tx) => {
          core.events.publish(tx, { topic: '/test/happened', data: { n } });
          core.events.publish(tx.in('other'), { topic: '/test/happened', data: { n: n + 0.5 } });
        },
        scopes[n % 3],
      ),
    );
    await Promise.all(writes);
    const [first = [], ...others] = await Promise.all(streams.map((stream) => take(stream, 120)));
    for (const other of others) expect(other).toEqual(first);
    expect(journal(core)).toEqual(first);
    expect(new Set(first).size).toBe(120);
  });

  test('all that is published after subscribing has returned is seen', async () => {
    await using core = await startCore({ context: testContext() });
    using controller = disposableController();
    const before = publish(core, 0);
    const streams = [core.events.subscribe({ signal: controller.signal })];
    await before;
    streams.push(core.events.subscribe({ signal: controller.signal }));
    await publishAll(core, 1, 4);
    expect(await Promise.all(streams.map((stream, late) => take(stream, 4 - late)))).toEqual([numbers(0, 4), numbers(1, 4)]);
  });
});

describe('better than there', () => {
  test('a slow subscriber costs a bounded queue, and is told what it has lost', async () => {
    await using core = await startCore({ context: testContext() });
    using controller = disposableController();
    const stream = core.events.subscribe({ signal: controller.signal, queue: 100 });
    for (let n = 0; n < 10_000; n += 1_000) await publishAll(core, n, n + 1_000);
    const [told, ...rest] = await take(stream, 101);
    expect([told, rest]).toEqual([{ lagged: 9_900 }, numbers(9_900, 10_000)]);
  });

  test('slow filters delay nobody: they are read once, and run in their subscriber’s own turns', async () => {
    await using core = await startCore({ context: testContext() });
    using controller = disposableController();
    const compile = vi.spyOn(Pattern, 'compile');
    const match = vi.spyOn(Pattern.prototype, 'test');
    try {
      const filtered = core.events.subscribe({ signal: controller.signal, filters: ['data.text~=(a|b)*c$'] });
      const other = core.events.subscribe({ signal: controller.signal });
      const [slow, quick] = [filtered.next(), other.next()];
      let matchedBefore: number | undefined;
      await core.metadata.write('state', (tx) => {
        core.events.publish(tx, { topic: '/test/happened', data: { text: `${'ab'.repeat(1_000)}c` } });
        tx.afterCommit(() => (matchedBefore = match.mock.calls.length));
      });
      await quick;
      expect([matchedBefore, match.mock.calls.length]).toEqual([0, 0]);
      expect(await slow).toMatchObject({ done: false });
      await publishAll(core, 0, 500);
      expect(compile).toHaveBeenCalledTimes(1);
    } finally {
      vi.restoreAllMocks();
    }
  });

  test('a subscriber that comes again gets what it has missed, also from an agent that was started again', async () => {
    const context = testContext();
    const folder = await mkdtemp(join(tmpdir(), 'hawser-events-'));
    await using _folder = { [Symbol.asyncDispose]: () => rm(folder, { recursive: true }) };
    let cursor = '';
    {
      await using core = await startCore({ context, folder });
      await publishAll(core, 0, 5);
      using controller = disposableController();
      const stream = core.events.subscribe({ signal: controller.signal, from: 'start' });
      for (let n = 0; n < 2; n++) {
        const { value } = await stream.next();
        if ('cursor' in value) cursor = value.cursor;
      }
    }
    await using core = await startCore({ context, folder });
    using controller = disposableController();
    const stream = core.events.subscribe({ signal: controller.signal, from: cursor });
    await publish(core, 5);
    expect(await take(stream, 4)).toEqual([2, 3, 4, 5]);
  });

  test('an event that can’t be published fails nothing: what was to be done is done, and its other events are sent', async () => {
    await using core = await startCore({ context: testContext() });
    const result = await core.metadata.write('state', (tx) => {
      core.events.publish(tx, { topic: 'garbage', data: {} });
      core.events.publish(tx, { topic: '/test/happened', data: { n: 1 } });
      Reflect.apply(core.events.publish, core.events, [tx, { topic: 7 }]);
      core.leases.create(tx, { id: 'kept' });
      return 'done';
    });
    expect([result, core.metadata.read('state', (tx) => core.leases.get(tx, 'kept')?.id)]).toEqual(['done', 'kept']);
    expect(Array.from(core.events.history(), ({ topic }) => topic)).toEqual(['/test/happened', '/leases/created']);
  });

  test('what a transaction that is carried on publishes is sent after its commit, and none of it when it aborts', async () => {
    await using core = await startCore({ context: testContext() });
    using controller = disposableController();
    const stream = core.events.subscribe({ signal: controller.signal });
    const next = stream.next();
    let early = false;
    void next.then(() => (early = true));
    const aborted = core.metadata.write('state', (tx) => {
      core.leases.create(tx, { id: 'a' });
      core.events.publish(tx, { topic: '/test/happened', data: { n: 1 } });
      throw new Error('no');
    });
    await expect(aborted).rejects.toThrow('no');
    expect(early).toBe(false);
    await core.metadata.write('state', (tx) => {
      core.leases.create(tx, { id: 'a' });
      core.events.publish(tx, { topic: '/test/happened', data: { n: 2 } });
    });
    expect((await next).value).toMatchObject({ topic: '/leases/created', data: { id: 'a' } });
    expect(await take(stream, 1)).toEqual([2]);
  });

  test('leases tell of themselves: made, renewed, changed, with what they take and give up, and gone', async () => {
    await using core = await startCore({ context: testContext() });
    const thing = { type: 'thing', key: 'a' };
    await core.metadata.write('state', (tx) => {
      core.leases.create(tx, { id: 'a' });
      core.leases.renew(tx, 'a', 1_000);
      core.leases.update(tx, 'a', { labels: { x: 'y' } });
      core.leases.addResource(tx, 'a', thing);
      core.leases.removeResource(tx, 'a', thing);
      core.leases.delete(tx, 'a');
    });
    const verbs = ['created', 'renewed', 'updated', 'resource-added', 'resource-removed', 'deleted'];
    expect(Array.from(core.events.history(), ({ topic }) => topic)).toEqual(verbs.map((verb) => `/leases/${verb}`));
  });
});
