import { describe, expect, it } from 'vitest';
import { Arrivals } from './arrivals.ts';

const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

/** Whose call has begun. */
function callers(arrivals: Arrivals) {
  const begun: string[] = [];
  return { begun, call: (name: string) => void arrivals.together().then(() => begun.push(name)) };
}

describe('calls', () => {
  it('that are alone begin in the turn that they came in', async () => {
    const arrivals = new Arrivals();
    const { begun, call } = callers(arrivals);
    arrivals.expect()();
    call('one');
    await turn();
    expect(begun).toEqual(['one']);
  });

  it('begin together while others are on the way', async () => {
    const arrivals = new Arrivals();
    const { begun, call } = callers(arrivals);
    let arrived = arrivals.expect();
    for (const name of ['one', 'two', 'three']) {
      arrived();
      call(name);
      arrived = arrivals.expect();
      await turn();
      expect(begun).toEqual([]);
    }
    arrived();
    call('four');
    await turn();
    expect(begun).toEqual(['one', 'two', 'three', 'four']);
  });

  it('wait for nobody who has connected and says nothing', async () => {
    const arrivals = new Arrivals();
    const { begun, call } = callers(arrivals);
    arrivals.expect();
    call('one');
    await turn();
    await turn();
    expect(begun).toEqual(['one']);
  });

  it('wait for a bounded time while such clients keep coming', async () => {
    const arrivals = new Arrivals();
    const { begun, call } = callers(arrivals);
    call('one');
    let turns = 0;
    for (; begun.length === 0 && turns < 1_000; turns++) {
      arrivals.expect();
      await turn();
    }
    expect(turns).toBeLessThanOrEqual(40);
  });

  it('wait for nobody else when they are sixteen, and begin with all that came in the same turn', async () => {
    const arrivals = new Arrivals();
    const { begun, call } = callers(arrivals);
    arrivals.expect();
    for (let at = 0; at < 15; at++) call(`call ${at}`);
    await turn();
    expect(begun).toEqual([]);
    arrivals.expect();
    for (let at = 15; at < 20; at++) call(`call ${at}`);
    await turn();
    expect(begun).toHaveLength(20);
  });

  it('expect a client once, however often it is told that it has come', async () => {
    const arrivals = new Arrivals();
    const { begun, call } = callers(arrivals);
    const [first, second] = [arrivals.expect(), arrivals.expect()];
    first();
    first();
    call('first');
    await turn();
    expect(begun).toEqual([]);
    second();
    call('second');
    await turn();
    expect(begun).toEqual(['first', 'second']);
  });
});
