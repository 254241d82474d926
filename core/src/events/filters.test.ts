import { describe, expect, test } from 'vitest';
import { startCore } from '../testing/core.ts';
import { testContext } from '../testing/context.ts';
import { disposableController, journal, numbers, publish, publishAll, take } from './events.fixture.ts';

describe('filters', () => {
  test('choose by topic, type, namespace and data; live, replayed and in history alike', async () => {
    await using core = await startCore({ context: testContext() });
    using controller = disposableController();
    const { signal } = controller;
    const cases: readonly (readonly [readonly string[], readonly unknown[]])[] = [
      [['topic==/test/other'], [2]],
      [['type==test.happened,data.n!=1'], [0, 3]],
      [['namespace==blue'], [3]],
      [
        ['data.n==0', 'data.n==2'],
        [0, 2],
      ],
      [['topic~=^/test/o'], [2]],
      [['data.none'], []],
      [[], [0, 1, 2, 3]],
    ];
    const live = cases.map(([filters]) => core.events.subscribe({ signal, filters }));
    await publish(core, 0);
    await publish(core, 1);
    await publish(core, 2, 'state', '/test/other');
    await core.metadata.write('state', (tx) => core.events.publish(tx, { topic: '/test/happened', data: { n: 3 } }), { namespace: 'blue' });
    for (const [index, [filters, expected]] of cases.entries()) {
      const stream = live[index] ?? expect.fail();
      expect(await take(stream, expected.length)).toEqual(expected);
      const replay = core.events.subscribe({ signal, filters, follow: false });
      expect(await take(replay, expected.length + 1)).toEqual([...expected, 'end']);
      expect(Array.from(core.events.history({ filters }), ({ data }) => data['n'])).toEqual(expected);
    }
  });

  test('one that can’t be read is refused with its column, before anything is subscribed', async () => {
    await using core = await startCore({ context: testContext() });
    const invalid = expect.objectContaining({ code: 'filters.invalid', details: expect.objectContaining({ column: 7 }) });
    expect(() => core.events.subscribe({ signal: new AbortController().signal, filters: ['topic=/x'] })).toThrow(
      expect.objectContaining({ code: 'filters.invalid' }),
    );
    expect(() => [...core.events.history({ filters: ['topic=='] })]).toThrow(expect.objectContaining({ code: 'filters.invalid' }));
    expect(() => core.events.subscribe({ signal: new AbortController().signal, filters: ['topic # x'] })).toThrow(invalid);
  });

  test('a long journal of no interest is read in slices that leave the event loop free', async () => {
    await using core = await startCore({ context: testContext() });
    using controller = disposableController();
    for (let n = 0; n < 1_000; n++) void publish(core, n);
    await publish(core, 1_000);
    const stream = core.events.subscribe({ signal: controller.signal, from: 'start', filters: ['data.n==1000'] });
    let turns = 0;
    const count = (): void => void (turns++, setImmediate(count).unref());
    count();
    expect(await take(stream, 1)).toEqual([1_000]);
    expect(turns).toBeGreaterThan(2);
  });

  test('a subscriber that leaves while its filters run is left alone', async () => {
    await using core = await startCore({ context: testContext() });
    const controller = new AbortController();
    const stream = core.events.subscribe({ signal: controller.signal, filters: ['data.n==999'] });
    const next = stream.next();
    await publishAll(core, 0, 1_000);
    controller.abort();
    expect(await next).toEqual({ value: undefined, done: true });
    expect(journal(core)).toEqual(numbers(0, 1_000));
  });
});
