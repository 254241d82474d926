import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { expect, test } from 'vitest';

const HAWSER = join(import.meta.dirname, '../../bin/hawser.js');

test("the tour has folders of its own, whatever the environment sets for this machine's agent", async () => {
  const elsewhere = join(tmpdir(), `hwt-tour-${process.pid}`);
  const env = {
    ...process.env,
    HAWSER_CONFIG__STATE: elsewhere,
    HAWSER_CONFIG__ROOT: `${elsewhere}-root`,
    HAWSER_CONFIG__NO_SUCH_KEY: '1',
  };
  const { stderr } = await promisify(execFile)('node', [HAWSER, 'try', '--once', '--host', 'simulated'], { env, timeout: 60_000 });
  expect(stderr).toContain('Every step held.');
  expect([existsSync(elsewhere), existsSync(`${elsewhere}-root`)]).toEqual([false, false]);
}, 70_000);

test('a folder for what is temporary that can’t be used is told with what helps', async () => {
  const env = { ...process.env, TMPDIR: `/proc/hwt-none` };
  const failed = await promisify(execFile)('node', [HAWSER, 'try', '--once', '--host', 'simulated'], { env, timeout: 60_000 }).catch(
    (error: unknown) => error,
  );
  expect(failed).toMatchObject({ code: 1, stderr: expect.stringMatching(/\/proc\/hwt-none: ENOENT.*\[try\.no_folder\]\. Set TMPDIR/) });
}, 70_000);
