import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, readdirSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';

const HAWSER = join(import.meta.dirname, '..', '..', 'bin', 'hawser.js');

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hwt-try-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A tour as a terminal runs it: in a process group of its own, all of which gets a Ctrl-C. */
async function interrupted(when: string): Promise<{ readonly code: number | null; readonly said: string }> {
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
    if (!before && said.includes(when)) interrupt(tour);
  };
  tour.stdout.on('data', hear);
  tour.stderr.on('data', hear);
  return { code: await promise, said };
}

function interrupt({ pid }: ChildProcess): void {
  if (pid !== undefined) process.kill(-pid, 'SIGINT');
}

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
