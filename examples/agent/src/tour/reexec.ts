import { spawn } from 'node:child_process';
import { INSIDE_VARIABLE, type Place, UNSHARE } from './place.ts';

/** Runs this very command again inside its namespaces and resolves with its exit code. Signals are passed on. */
export async function runInside(place: Exclude<Place, 'simulated'>, signal: AbortSignal): Promise<number> {
  const child = spawn('unshare', [...UNSHARE[place], process.execPath, ...process.execArgv, ...process.argv.slice(1)], {
    stdio: 'inherit',
    env: { ...process.env, [INSIDE_VARIABLE]: place },
  });
  // A terminal's Ctrl-C reaches the child by itself; a signal sent to this process alone does not.
  const passOn = () => child.kill('SIGTERM');
  signal.addEventListener('abort', passOn, { once: true });
  try {
    return await new Promise<number>((resolve, reject) => {
      child.once('error', reject);
      child.once('exit', (code, killedBy) => resolve(code ?? (killedBy === 'SIGINT' ? 130 : 1)));
    });
  } finally {
    signal.removeEventListener('abort', passOn);
  }
}
