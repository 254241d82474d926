import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { expect, test } from 'vitest';

const LOGGING = join(import.meta.dirname, 'logging.ts');

/** Logs more than anything between it and a reader takes, says so, and logs once more when it is told to. */
const TALKATIVE = `
  const { createLog } = await import(${JSON.stringify(LOGGING)});
  const log = await createLog({ level: 'info', pretty: false, color: false });
  for (let i = 0; i < 5_000; i++) log.info({ i, pad: 'x'.repeat(500) }, 'a line');
  process.stdout.write('still here');
  process.stdin.once('data', () => {
    log.info('the last');
    process.stdin.once('data', () => process.exit(0));
  });
`;

test('a log that nobody reads stops nobody: lines wait, then are dropped, and their number is told once somebody reads', async () => {
  const child = spawn(process.execPath, ['--conditions=hawser:source', '--input-type=module', '-e', TALKATIVE], { stdio: 'pipe' });
  try {
    const [said] = (await Promise.race([once(child.stdout, 'data'), once(child, 'exit')])) as [unknown];
    expect(String(said)).toBe('still here');
    let log = '';
    child.stderr.setEncoding('utf8').on('data', (chunk: string) => (log += chunk));
    child.stdin.write('go on');
    await expect.poll(() => log, { timeout: 15_000 }).toMatch(/"dropped":\d{3,}/);
    expect(log).toContain('the last');
    const ended = text(child.stdout);
    child.stdin.write('end');
    await ended;
  } finally {
    child.kill('SIGKILL');
  }
});
