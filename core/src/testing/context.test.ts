import { describe, expect, it } from 'vitest';
import { heldClock, seededRandom, testContext } from './index.ts';

describe('a held clock', () => {
  it('stands still until it is moved', async () => {
    const clock = heldClock(1000);
    expect([clock.now(), clock.monotonic()]).toEqual([1000, 0]);
    await clock.advance(250);
    expect([clock.now(), clock.monotonic()]).toEqual([1250, 250]);
  });

  it('runs what falls due in order of its time, each at its own time, with its reactions', async () => {
    const clock = heldClock(0);
    const seen: string[] = [];
    clock.timer(20, () => seen.push(`b ${clock.now()}`));
    clock.timer(10, () => {
      seen.push(`a ${clock.now()}`);
      void Promise.resolve().then(() => clock.timer(5, () => seen.push(`nested ${clock.now()}`)));
    });
    clock.timer(31, () => seen.push('too late'));
    await clock.advance(30);
    expect(seen).toEqual(['a 10', 'nested 15', 'b 20']);
    expect(clock.waiting).toBe(1);
  });

  it('forgets disposed timers', async () => {
    const clock = heldClock();
    clock.timer(1, () => expect.unreachable())[Symbol.dispose]();
    await clock.advance(2);
  });

  it('ends a sleep with the reason of its signal', async () => {
    const clock = heldClock();
    const abort = new AbortController();
    const asleep = clock.sleep(1000, abort.signal);
    abort.abort(new Error('enough'));
    await expect(asleep).rejects.toThrow('enough');
    await expect(clock.sleep(1, abort.signal)).rejects.toThrow('enough');
    expect(clock.waiting).toBe(0);
  });

  it('runs until a promise settles', async () => {
    const clock = heldClock(0);
    const signal = new AbortController().signal;
    const work = (async () => {
      for (let step = 0; step < 5; step++) await clock.sleep(100, signal);
      return clock.now();
    })();
    expect(await clock.runUntil(work)).toBe(500);
  });

  it('gives up a promise that held time alone does not settle', async () => {
    const clock = heldClock();
    const tick = (): Disposable => clock.timer(1000, tick);
    tick();
    await expect(clock.runUntil(new Promise(() => {}), 5000)).rejects.toThrow('still pending after 5000 ms');
  });
});

describe('seeded randomness', () => {
  it('repeats itself for the same seed only', () => {
    const draw = (seed: number) => {
      const random = seededRandom(seed);
      return [random.id(), random.integer(1000), ...random.bytes(4)];
    };
    expect(draw(7)).toEqual(draw(7));
    expect(draw(7)).not.toEqual(draw(8));
  });

  it('keeps to its bound and makes ids that sort by time', async () => {
    const { clock, random } = testContext();
    for (let count = 0; count < 1000; count++) expect(random.integer(3)).toBeLessThan(3);
    const first = random.id();
    await clock.advance(1);
    const second = random.id();
    expect(first).toMatch(/^[0-9a-z]{26}$/);
    expect(first < second).toBe(true);
  });
});
