import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { assembly, FakeProcess } from '../testing/command-line.fixture.ts';
import { hawserMain } from './hawser-main.ts';

const never = (): never => {
  throw new Error('nothing is written by way of the stream');
};

/** Runs with standard output as a file, which the process writes to itself. */
async function into(fd: number): Promise<{ readonly code: number; readonly err: string }> {
  const host = new FakeProcess();
  const code = await hawserMain(
    assembly,
    ['config', 'default'],
    Object.assign(host, { stdout: { fd, write: never, once: () => undefined } }),
  );
  return { code, err: host.err };
}

describe('results that go to a file', () => {
  test('are there whole', async () => {
    const path = join(tmpdir(), `hwt-output-${process.pid}`);
    const fd = openSync(path, 'w');
    try {
      expect(await into(fd)).toEqual({ code: 0, err: '' });
      expect(readFileSync(path, 'utf8')).toContain('[plugins.');
    } finally {
      closeSync(fd);
      rmSync(path);
    }
  });

  test.skipIf(process.platform !== 'linux')('and find no room are exit 1 with the remedy', async () => {
    const fd = openSync('/dev/full', 'w');
    try {
      const { code, err } = await into(fd);
      expect(code).toBe(1);
      expect(err).toMatch(/^hawser: the output can't be written: .*ENOSPC.*\[cli\.output_failed\]/);
    } finally {
      closeSync(fd);
    }
  });
});

describe('results that go to a stream', () => {
  test.each([
    ['EIO', 1],
    ['EPIPE', 0],
  ])('which fails with %s: exit %i', async (code, expected) => {
    const errored = Object.assign(new Error(`write ${code}`), { code });
    const host = Object.assign(new FakeProcess(), { stdout: { errored, write: () => false, once: () => undefined } });
    expect(await hawserMain(assembly, ['version'], host)).toBe(expected);
    expect(host.err.includes('[cli.output_failed]')).toBe(expected === 1);
  });
});
