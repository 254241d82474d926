import { expect, test } from 'vitest';
import { testContext } from '../testing/context.ts';
import { startCore } from '../testing/core.ts';
import { emptyCollector, openType, signal, write } from '../testing/garbage.fixture.ts';
import { heldClock } from '../testing/held-clock.ts';
import { Lane } from './lane.ts';
import { Undertaking } from './undertaking.ts';

test('a stop that comes while a failed attempt is taken down does not wait for the next one', async () => {
  const stop = new AbortController();
  const clock = heldClock();
  const cleanup = () => Promise.reject(new Error('busy'));
  const { finished } = new Undertaking({
    node: { namespace: 'default', type: 'thing', key: 'a' },
    reason: 'it was condemned',
    lane: new Lane(1),
    urgent: false,
    registered: { collector: { ...emptyCollector('thing'), cleanup }, signal },
    clock,
    deadlineMs: 1000,
    retry: { firstMs: 1000, maxMs: 60_000 },
    signal: stop.signal,
    finish: () => Promise.resolve({ removed: [], next: [] }),
    failed: async () => stop.abort(new Error('it stops')),
  });
  await expect(finished).rejects.toThrow('it stops');
  expect(clock.waiting).toBe(0);
});

test('whoever waits for a node under what is condemned is told of a stop, which does not wait for them', async () => {
  const core = await startCore({ context: testContext() });
  using things = openType(core, 'thing', (key) => (key === 'child' ? Promise.reject(new Error('busy')) : Promise.resolve()));
  await write(core, (tx) => {
    things.make(tx, 'parent');
    things.make(tx, 'child', { parents: ['thing/parent'] });
  });
  await expect(core.gc.collect({ type: 'thing', key: 'child' }, { signal })).rejects.toThrow('busy');
  await expect.poll(() => core.gc.status().condemned).toMatchObject([{ key: 'child', attempts: 1 }]);
  const collected = core.gc.collect({ type: 'thing', key: 'parent' }, { signal });
  const stopped = core[Symbol.asyncDispose]();
  await expect(collected).rejects.toMatchObject({ code: 'gc.stopping' });
  await stopped;
});

test('nobody is told that a condemned node is gone whose type no plugin collects now', async () => {
  await using core = await startCore({ context: testContext() });
  const things = openType(core, 'thing', () => Promise.reject(new Error('busy')));
  await write(core, (tx) => things.make(tx, 'a'));
  await core.gc.run({ signal });
  things[Symbol.dispose]();
  await expect.poll(() => core.gc.status().condemned).toMatchObject([{ key: 'a', state: 'blocked' }]);
  await expect(core.gc.finished({ type: 'thing', key: 'a' }, { signal })).rejects.toMatchObject({ code: 'gc.unknown_type' });
});
