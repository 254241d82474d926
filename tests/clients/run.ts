/**
 * `npm run test:clients`: the agent driven by real programs. As root everything runs inside scripts/sandbox; elsewhere each
 * test says why it is skipped.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PATH, ROOT } from './harness/machine.ts';

const vitest = [
  process.execPath,
  join(ROOT, 'node_modules', 'vitest', 'vitest.mjs'),
  'run',
  '--config',
  'vitest.clients.config.ts',
  ...process.argv.slice(2),
];
const sandboxed = process.platform === 'linux' && process.getuid?.() === 0;
const folder = mkdtempSync(join(tmpdir(), 'hwt-'));
const [program = '', ...args] = sandboxed ? [join(ROOT, 'scripts', 'sandbox'), folder, ...vitest] : vitest;

const child = spawn(program, args, { cwd: ROOT, stdio: 'inherit', env: { ...process.env, PATH, HAWSER_CLIENTS_FOLDER: folder } });
for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
child.on('exit', (code, signal) => {
  rmSync(folder, { recursive: true, force: true });
  process.exitCode = signal === null ? (code ?? 1) : 1;
});
