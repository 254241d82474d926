import { closeSync, openSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Writable } from 'node:stream';
import { describe, expect, test } from 'vitest';
import { assembly, FakeProcess } from '../testing/command-line.fixture.ts';
import type { CommandSpec } from './command.ts';
import { hawserMain } from './hawser-main.ts';

const MANY = 1_000;
let mostWaiting = 0;
const parts: CommandSpec = {
  name: 'parts',
  summary: 'Prints parts.',
  commands: [
    {
      name: 'fail',
      summary: 'Prints a hundred, and fails.',
      run: async ({ output }) => {
        for (let part = 0; part < 100; part++) output.item(part, `part ${part}`);
        throw new Error('no more');
      },
    },
    {
      name: 'many',
      summary: 'Prints a mebibyte, no faster than it is read.',
      run: async ({ output, signal }) => {
        let printed = 0;
        for (let part = 0; part < MANY; part++) {
          output.item(part, 'x'.repeat(1_023));
          await output.taken(signal);
          printed += 1_024;
          mostWaiting = Math.max(mostWaiting, printed - read);
        }
      },
    },
  ],
};
/** Characters that a slow reader has taken. */
let read = 0;

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
  /** Takes what it is given in pieces, as a pipe does whose reader is slow. */
  const slowly = (took: (text: string) => void): Writable =>
    new Writable({
      highWaterMark: 1,
      decodeStrings: false,
      write: (text, _, done) => setImmediate(() => ((read += String(text).length), took(String(text)), done())),
    });

  test.each([
    ['when the command ends', ['config', 'default'], 0, '[plugins.'],
    ['when it fails', ['parts', 'fail'], 1, 'part 99\n'],
  ])('of which the reader is slow are there whole %s', async (_, argv, expected, last) => {
    let out = '';
    const host = Object.assign(new FakeProcess(), { stdout: slowly((text) => (out += text)) });
    expect(await hawserMain({ ...assembly, commands: [parts] }, argv, host)).toBe(expected);
    expect(out).toContain(last);
  });

  test('end with a command that is told to, though nobody reads them', async () => {
    const stuck = new Writable({ write: () => undefined });
    const host = Object.assign(new FakeProcess(), { stdout: stuck });
    const code = hawserMain({ ...assembly, commands: [parts] }, ['parts', 'many'], host);
    await expect.poll(() => stuck.writableLength).toBeGreaterThan(65_536);
    host.emit('SIGTERM', 'SIGTERM');
    expect(await code).toBe(143);
  });

  test('wait for a reader that is slow: what is not read is not fetched', async () => {
    let out = '';
    const host = Object.assign(new FakeProcess(), { stdout: slowly((text) => (out += text)) });
    expect(await hawserMain({ ...assembly, commands: [parts] }, ['parts', 'many'], host)).toBe(0);
    expect(out.length).toBe(MANY * 1_024);
    expect(mostWaiting).toBeLessThan(200_000);
  });

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
