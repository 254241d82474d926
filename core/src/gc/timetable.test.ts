import { describe, expect, test } from 'vitest';
import { heldClock } from '../testing/held-clock.ts';
import { pauseAfter, Timetable, type TimetableSettings } from './timetable.ts';

const DEFAULTS: TimetableSettings = {
  pauseThreshold: 0.02,
  deletionThreshold: 0,
  mutationThreshold: 100,
  scheduleDelayMs: 0,
  startupDelayMs: 100,
};

/** A timetable whose marks take no time; `runs` are the times at which it ran. */
function timetable(settings: Partial<TimetableSettings> = {}, markMs = 0) {
  const clock = heldClock(0);
  const runs: number[] = [];
  const table = new Timetable({
    clock,
    settings: { ...DEFAULTS, ...settings },
    run: () => {
      runs.push(clock.now());
      table.begun();
      table.marked(markMs, undefined);
    },
  });
  return { clock, table, runs };
}

describe('containerd’s five settings', () => {
  test('pause_threshold: max(mean, 5 ms) / threshold − the same, and no more than half of the time', () => {
    expect(pauseAfter(0, 0.02)).toBe(245);
    expect(pauseAfter(10, 0.02)).toBe(490);
    expect(pauseAfter(10, 0.5)).toBe(10);
    expect(pauseAfter(10, 0.9)).toBe(10);
    expect(pauseAfter(10, 0)).toBe(1000);
  });

  test('startup_delay: the first run comes by itself', async () => {
    const { clock, runs } = timetable({ startupDelayMs: 70 });
    await clock.advance(5000);
    expect(runs).toEqual([70]);
  });

  test('schedule_delay: from a deletion to its run; what is deleted meanwhile goes along', async () => {
    const { clock, table, runs } = timetable({ scheduleDelayMs: 30 });
    await clock.advance(1000);
    table.deleted();
    await clock.advance(20);
    table.deleted();
    await clock.advance(1000);
    expect(runs).toEqual([100, 1030]);
  });

  test('deletion_threshold 0: deletions wait for the end of the pause, one run for all of them', async () => {
    const { clock, table, runs } = timetable();
    await clock.advance(110);
    for (let count = 0; count < 1000; count++) table.deleted();
    expect(clock.waiting).toBe(1);
    await clock.advance(5000);
    expect(runs).toEqual([100, 345]);
  });

  test('deletion_threshold: so many deletions bring a run at once', async () => {
    const { clock, table, runs } = timetable({ deletionThreshold: 3 });
    await clock.advance(110);
    table.deleted(2);
    await clock.advance(10);
    expect(runs).toEqual([100]);
    table.deleted();
    await clock.advance(10);
    expect(runs).toEqual([100, 120]);
  });

  test('mutation_threshold: so many writes of others bring a run although nothing was deleted; 0: never', async () => {
    const counted = timetable({ mutationThreshold: 100 });
    await counted.clock.advance(1000);
    counted.table.mutated(99);
    await counted.clock.advance(1000);
    expect(counted.runs).toEqual([100]);
    counted.table.mutated(1);
    await counted.clock.advance(1000);
    expect(counted.runs).toEqual([100, 2000]);
    const never = timetable({ mutationThreshold: 0 });
    await never.clock.advance(1000);
    never.table.mutated(1e6);
    await never.clock.advance(10_000);
    expect(never.runs).toEqual([100]);
  });

  test('no timer per mutation', async () => {
    const { clock, table } = timetable({ mutationThreshold: 1_000_000 });
    await clock.advance(1000);
    for (let count = 0; count < 10_000; count++) table.mutated(1);
    expect(clock.waiting).toBe(0);
    for (let count = 0; count < 10_000; count++) {
      table.deleted();
      table.at(clock.now() + 20_000 - count);
    }
    expect(clock.waiting).toBe(1);
  });
});

describe('when runs come', () => {
  test('nothing to do: none, and no timer', async () => {
    const { clock, table, runs } = timetable();
    await clock.advance(3_600_000);
    expect([runs, clock.waiting, table.nextRun]).toEqual([[100], 0, undefined]);
  });

  test('an expiry brings one, the earliest first, however far away', async () => {
    const { clock, table, runs } = timetable();
    await clock.advance(1000);
    table.at(200_000_000);
    table.at(50_000);
    await clock.advance(60_000);
    expect(runs).toEqual([100, 50_000]);
    table.at(200_000_000);
    await clock.advance(200_000_000);
    expect(runs).toEqual([100, 50_000, 200_000_000]);
  });

  test('a first run that failed is tried again, with pauses that double up to a bound', async () => {
    const clock = heldClock(0);
    const runs: number[] = [];
    const table = new Timetable({ clock, settings: DEFAULTS, run: () => (runs.push(clock.now()), table.failed(1000, 3000)) });
    await clock.advance(10_200);
    expect(runs).toEqual([100, 1100, 3100, 6100, 9100]);
  });

  test('a clock that is set back or forward puts off nothing that was called for', async () => {
    const held = heldClock(0);
    let set = 0;
    const clock = { ...held, now: () => held.now() + set };
    const runs: number[] = [];
    const table = new Timetable({ clock, settings: DEFAULTS, run: () => (runs.push(held.now()), table.marked(0, undefined)) });
    await held.advance(100);
    for (set of [-3_600_000, 7_200_000]) {
      table.deleted();
      await held.advance(1000);
    }
    expect(runs).toEqual([100, 345, 1100]);
    table.failed(1000, 3000);
    set = -3_600_000;
    expect(table.nextRun).toBe(held.now() + set + 1000);
    await held.advance(1000);
    expect(runs).toEqual([100, 345, 1100, 3100]);
    table.at(held.now() + set + 5000); // what expires does so by the clock on the wall
    await held.advance(6000);
    expect(runs).toEqual([100, 345, 1100, 3100, 8100]);
  });

  test('a deletion while a run is on is for the next one', async () => {
    const clock = heldClock(0);
    const runs: number[] = [];
    const table = new Timetable({ clock, settings: DEFAULTS, run: () => (runs.push(clock.now()), table.begun()) });
    await clock.advance(100);
    table.deleted();
    table.marked(0, undefined);
    await clock.advance(1000);
    expect(runs).toEqual([100, 345]);
  });

  test('nothing comes after the end', async () => {
    const { clock, table, runs } = timetable();
    table[Symbol.dispose]();
    table.deleted();
    table.at(5);
    await clock.advance(10_000);
    expect(runs).toEqual([]);
  });
});
