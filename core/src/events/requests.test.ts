import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { currentRequest, inRequest, systemContext } from '../context/index.ts';
import { testContext } from '../testing/context.ts';
import { startCore, type TestCore } from '../testing/core.ts';
import { disposableController, publish } from './events.fixture.ts';

const told = (core: TestCore): readonly unknown[] => Array.from(core.events.history(), ({ data, requestId }) => [data['n'], requestId]);

test('an event has the id of the request that it comes of, each its own though they share a commit', async () => {
  await using core = await startCore({ context: testContext() });
  using controller = disposableController();
  const stream = core.events.subscribe({ signal: controller.signal });
  await Promise.all([inRequest('one', () => publish(core, 1)), publish(core, 2), inRequest('three', () => publish(core, 3))]);
  const heard = [(await stream.next()).value, (await stream.next()).value, (await stream.next()).value];
  expect(heard).toMatchObject([{ requestId: 'one' }, { data: { n: 2 } }, { requestId: 'three' }]);
  expect(heard[1]).not.toHaveProperty('requestId');
  expect(told(core)).toEqual([
    [1, 'one'],
    [2, undefined],
    [3, 'three'],
  ]);
  expect(Array.from(core.events.history({ filters: ['requestId==three'] }), ({ data }) => data)).toEqual([{ n: 3 }]);
});

test('what an effect of a commit goes on with is of the same request', async () => {
  await using core = await startCore({ context: testContext() });
  const later = Promise.withResolvers<void>();
  const change = (id: string) =>
    core.metadata.write('state', (tx) => tx.afterCommit(() => void publish(core, Number(id)).then(later.resolve)));
  await Promise.all([inRequest('7', () => change('7')), inRequest('8', () => change('8'))]);
  await later.promise;
  await turn();
  expect(told(core)).toEqual([
    [7, '7'],
    [8, '8'],
  ]);
});

test('a timer belongs to no request, whoever has set it', async () => {
  const rung = Promise.withResolvers<string | undefined>();
  using _timer = inRequest('one', () => systemContext.clock.timer(1, () => rung.resolve(currentRequest())));
  expect(await rung.promise).toBeUndefined();
});
