// oxlint-disable-next-line walls/kernel -- tests start what runtimes start
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** One of the two executables that one suite holds, or why it can't be had here. */
export interface Executable {
  readonly name: string;
  readonly command: readonly string[];
  readonly missing: string | undefined;
}

const C_SOURCE = fileURLToPath(new URL('../../native/hawser-cni.c', import.meta.url));
const SCRIPT = fileURLToPath(new URL('../hawser-cni.ts', import.meta.url));

/** Compiles the C one into a folder of its own; `dispose` removes it. */
export function buildExecutables(): { readonly executables: readonly Executable[]; dispose(): void } {
  const folder = mkdtempSync(join(tmpdir(), 'hwt-cni-build-'));
  const target = join(folder, 'hawser-cni');
  const flags = ['-std=gnu11', '-static', '-Os', '-Wall', '-Wextra', '-Werror', '-o', target, C_SOURCE];
  const built = ['musl-gcc', 'gcc', 'cc'].some((compiler) => spawnSync(compiler, flags, { stdio: 'ignore' }).status === 0);
  return {
    executables: [
      { name: 'C', command: [target], missing: built ? undefined : 'no C compiler that links statically' },
      { name: 'script', command: [process.execPath, SCRIPT], missing: undefined },
    ],
    dispose: () => rmSync(folder, { recursive: true }),
  };
}

export interface Run {
  readonly code: number | null;
  readonly output: string;
  /** Standard output as JSON. */
  readonly json: Readonly<Record<string, unknown>>;
}

/** A call as a runtime makes it; without input its standard input is closed. */
export function start(
  executable: Executable,
  environment: Readonly<Record<string, string>>,
  input: string | Buffer | undefined,
): { readonly child: ChildProcess; readonly done: Promise<Run> } {
  const [file = '', ...rest] = executable.command;
  const child: ChildProcess =
    input === undefined
      ? spawn('/bin/sh', ['-c', 'exec "$@" <&-', 'sh', file, ...rest], { env: environment, stdio: ['ignore', 'pipe', 'inherit'] })
      : spawn(file, rest, { env: environment, stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin?.on('error', () => undefined);
  child.stdin?.end(input);
  const chunks: Buffer[] = [];
  child.stdout?.on('data', (chunk: Buffer) => chunks.push(chunk));
  const { promise, resolve, reject } = Promise.withResolvers<Run>();
  child.on('error', reject);
  child.on('close', (code: number | null) => {
    const output = Buffer.concat(chunks).toString();
    resolve({ code, output, json: parse(output) });
  });
  return { child, done: promise };
}

export const run = (
  executable: Executable,
  environment: Readonly<Record<string, string>>,
  input: string | Buffer | undefined,
): Promise<Run> => start(executable, environment, input).done;

function parse(output: string): Readonly<Record<string, unknown>> {
  try {
    return JSON.parse(output) as Readonly<Record<string, unknown>>;
  } catch {
    return {};
  }
}
