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
