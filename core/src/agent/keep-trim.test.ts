import { beforeEach, describe, expect, test, vi } from 'vitest';
import { heldClock } from '../testing/held-clock.ts';
import { keepTrim } from './keep-trim.ts';

let clock: ReturnType<typeof heldClock>;
let stop: AbortController;
let used: number;
const trim = vi.fn<() => Promise<void>>();
const failed = vi.fn<(error: unknown) => void>();

beforeEach(() => {
  clock = heldClock();
  stop = new AbortController();
  used = 600; // the start
  trim.mockReset().mockResolvedValue(undefined);
  failed.mockReset();
});

const keep = (): void => keepTrim({ clock, usedMs: () => used, trim, failed }, stop.signal);

/** Seconds in which the process uses so much of each. */
async function spend(seconds: number, msPerSecond: number): Promise<void> {
  for (let second = 0; second < seconds; second++) {
    used += msPerSecond;
    await clock.advance(1_000);
  }
}

describe('memory is given back', () => {
  test('once after the start, and not again while there is nothing to do', async () => {
    keep();
    expect(trim).not.toHaveBeenCalled();
    await spend(2, 0);
    expect(trim).toHaveBeenCalledTimes(1);
    await spend(600, 0);
    expect(trim).toHaveBeenCalledTimes(1);
  });

  test('within four seconds of the end of a rush, and not while it lasts', async () => {
    keep();
    await spend(10, 0);
    await spend(20, 800);
    expect(trim).toHaveBeenCalledTimes(1);
    await spend(4, 0);
    expect(trim).toHaveBeenCalledTimes(2);
  });

  test('each minute of a rush that does not end', async () => {
    keep();
    await spend(180, 800);
    expect(trim).toHaveBeenCalledTimes(3);
  });

  test('not for a call now and then, until they come to something', async () => {
    keep();
    await spend(10, 0);
    await spend(40, 5);
    expect(trim).toHaveBeenCalledTimes(1);
    await spend(20, 5);
    expect(trim).toHaveBeenCalledTimes(2);
  });

  test('until the agent stops, whether that comes before or meanwhile', async () => {
    keep();
    await spend(1, 0);
    stop.abort();
    expect(clock.waiting).toBe(0);
    keep();
    expect(clock.waiting).toBe(0);
    expect(trim).not.toHaveBeenCalled();
  });

  test('or not, which is told, and tried again after the next rush', async () => {
    const error = new Error('no');
    trim.mockRejectedValueOnce(error);
    keep();
    await spend(4, 0);
    expect(failed.mock.calls).toEqual([[error]]);
    await spend(4, 800);
    await spend(4, 0);
    expect(trim).toHaveBeenCalledTimes(2);
    expect(failed).toHaveBeenCalledTimes(1);
  });
});
