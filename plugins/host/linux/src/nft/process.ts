import { type ChildProcess, spawn } from 'node:child_process';
import { accessSync, constants, writeFileSync } from 'node:fs';
import { delimiter, isAbsolute, join } from 'node:path';
import type { Clock } from '@hawser/core';
import { hostErrors } from '@hawser/core/network';
import { kernelError } from '../kernel-error.ts';
import { type Libc, MFD_CLOEXEC } from '../libc.ts';
import { type Netns, isSystemError } from '../netns.ts';

/** Where distributions put it when an agent's PATH is short. */
const FOLDERS = ['/usr/sbin', '/sbin', '/usr/local/sbin', '/usr/bin'];

const OUTPUT_LIMIT = 32 * 1024 * 1024;
const ERROR_LIMIT = 4096;

/** The executable of a name, or undefined; a path is taken as it is. */
export function findExecutable(name: string, path = process.env['PATH'] ?? ''): string | undefined {
  const candidates = isAbsolute(name)
    ? [name]
    : [...path.split(delimiter).filter((folder) => isAbsolute(folder)), ...FOLDERS].map((folder) => join(folder, name));
  return candidates.find((candidate) => {
    try {
      accessSync(candidate, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

export interface NftOptions {
  readonly libc: Libc;
  readonly clock: Clock;
  readonly netns: Netns;
  readonly executable: string;
  readonly timeoutMs: number;
}

/**
 * Runs nft in a namespace and resolves with what it prints. The child inherits the namespace that the thread is in
 * at the fork, so no other program is needed to get there. It is killed when it takes too long. Errors: `host.kernel`
 * with nft's own sentence, `host.busy` when it is too late, `host.permission_denied`, `host.not_supported`.
 */
export async function runNft(options: NftOptions, args: readonly string[], input: string): Promise<string> {
  const { clock, timeoutMs } = options;
  const child = start(options, args, input);
  let late = false;
  using _timer = clock.timer(timeoutMs, () => {
    late = true;
    child.kill('SIGKILL');
  });
  const { code, output, errors } = await outcomeOf(child);
  if (late) throw hostErrors.busy(`nft did not end within ${timeoutMs} ms`, { remedy: 'Look at what holds nftables on this machine.' });
  if (code !== 0) throw failure(code, errors);
  return output;
}

/**
 * Standard input is a file in memory: nft opens /dev/stdin by its path, which the sockets that Node.js gives to its
 * children for pipes refuse, and nobody has to feed it.
 */
function start({ libc, netns, executable }: NftOptions, args: readonly string[], input: string): ChildProcess {
  const fd = libc.memfdCreate('nft', MFD_CLOEXEC);
  if (fd < 0) throw kernelError({ errno: libc.errno(), doing: 'make a file in memory' });
  try {
    writeFileSync(fd, input);
    return netns.run(() => spawn(executable, [...args], { stdio: [fd, 'pipe', 'pipe'], env: { LC_ALL: 'C' }, cwd: '/' }));
  } finally {
    libc.close(fd);
  }
}

function outcomeOf(child: ChildProcess): Promise<{ code: number | null; output: string; errors: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<{ code: number | null; output: string; errors: string }>();
  const [output, errors] = [bounded(OUTPUT_LIMIT), bounded(ERROR_LIMIT)];
  child.stdout?.on('data', output.take);
  child.stderr?.on('data', errors.take);
  child.once('error', (error) => reject(startError(error)));
  child.once('close', (code) => resolve({ code, output: output.text(), errors: errors.text() }));
  return promise;
}

function bounded(limit: number): { take(chunk: Buffer): void; text(): string } {
  const chunks: Buffer[] = [];
  let size = 0;
  return {
    take(chunk) {
      if (size < limit) chunks.push(chunk);
      size += chunk.length;
    },
    text: () => Buffer.concat(chunks).toString('utf8', 0, limit),
  };
}

function startError(error: Error): Error {
  if (!isSystemError(error) || error.errno === undefined) return hostErrors.kernel('nft could not be started', { cause: error });
  const install = { cause: error, remedy: 'Install the package nftables.' };
  if (error.code === 'ENOENT') return hostErrors.notSupported('nft is not installed', install);
  return kernelError({ errno: -error.errno, doing: 'start nft' });
}

function failure(code: number | null, errors: string): Error {
  const line =
    errors
      .split('\n')
      .find((text) => text.trim() !== '')
      ?.trim() ?? `exit code ${code}`;
  if (/not permitted|must be root/i.test(line)) return hostErrors.permissionDenied(`nft may not change rules: ${line}`);
  if (/JSON support not compiled/i.test(line)) {
    return hostErrors.notSupported('this nft was built without JSON', { remedy: 'Install a build of nftables with JSON support.' });
  }
  const remedy = 'Run `nft list ruleset` and look at what else changes our table.';
  return hostErrors.kernel(`nft refused: ${line}`, { remedy, details: { exitCode: code } });
}
