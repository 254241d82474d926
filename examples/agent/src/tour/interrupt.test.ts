import { type ChildProcess, spawn } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { basename, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { openTourFolder } from './own-folder.ts';

const HAWSER = join(import.meta.dirname, '..', '..', 'bin', 'hawser.js');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hwt-try-'));
});
afterEach(() => {
  vi.unstubAllEnvs();
  rmSync(folder, { recursive: true });
});

/** A tour as a terminal runs it: in a process group of its own, all of which gets a Ctrl-C, or several. */
async function interrupted(when: string, times = 1): Promise<{ readonly code: number | null; readonly said: string }> {
  const tour = spawn(process.execPath, [HAWSER, 'try'], {
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, TMPDIR: folder },
  });
  const { promise, resolve } = Promise.withResolvers<number | null>();
  tour.once('exit', resolve);
  let said = '';
  const hear = (chunk: Buffer): void => {
    const before = said.includes(when);
    said += String(chunk);
    if (!before && said.includes(when)) for (let time = 0; time < times; time++) setTimeout(() => interrupt(tour), time * BETWEEN_MS);
  };
  tour.stdout.on('data', hear);
  tour.stderr.on('data', hear);
  return { code: await promise, said };
}

/** Two that come at once are one signal to who gets them. */
const BETWEEN_MS = 20;

function interrupt({ pid }: ChildProcess): void {
  if (pid !== undefined) process.kill(-pid, 'SIGINT');
}

describe('a second Ctrl-C', { timeout: 60_000 }, () => {
  test('ends it at once; what it leaves the next tour removes, and nothing of one that is under way', async () => {
    const { code, said } = await interrupted('CHECK finds both', 2);
    expect(code).toBe(130);
    expect(said).not.toContain('Nothing is left behind');
    const [left = ''] = readdirSync(folder);
    expect(left).toMatch(/^hawser-try-/);
    vi.stubEnv('TMPDIR', folder);
    // The process that it is in as an ordinary user may end a moment after the one that was started.
    await vi.waitFor(async () => {
      await using alone = await openTourFolder();
      expect(readdirSync(folder)).toEqual([basename(alone.path)]);
    }, 10_000);
    await using first = await openTourFolder();
    await using second = await openTourFolder();
    expect(readdirSync(folder).toSorted()).toEqual([basename(first.path), basename(second.path)].toSorted());
  });

  test.each(['', 'nonsense', 'pid:[1] 1 1', 'pid:[4026531836] 1'])('a folder that says %j of its owner is left', async (owner) => {
    mkdirSync(join(folder, 'hawser-try-other'));
    writeFileSync(join(folder, 'hawser-try-other', 'owner'), owner);
    vi.stubEnv('TMPDIR', folder);
    await using _own = await openTourFolder();
    expect(readdirSync(folder)).toContain('hawser-try-other');
  });
});

describe('one Ctrl-C', { timeout: 60_000 }, () => {
  test('while it serves ends the tour as it was to end', async () => {
    const { code, said } = await interrupted('Ctrl-C ends the tour');
    expect(said).toContain('Every step held. Nothing is left behind.');
    expect(code).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
  });

  test.each(['the executable is installed', 'CHECK finds both', 'a pod that vanished'])(
    'after "%s…" ends it soon, and nothing is left',
    async (step) => {
      const { code, said } = await interrupted(step);
      expect(said).toContain('Interrupted. Nothing is left behind.');
      expect(code).toBe(130);
      expect(readdirSync(folder)).toEqual([]);
    },
  );
});
