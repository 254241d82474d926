import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { must } from '../tests/clients/harness/command.ts';

/** One program to be started. */
export interface Program {
  readonly path: string;
  /** File for its standard input. */
  readonly input: string;
  /** File for its standard output. */
  readonly output: string;
  readonly env: Readonly<Record<string, string>>;
}

/** How long programs that were started together took, milliseconds. */
export interface Timing {
  readonly total: number;
  readonly each: readonly number[];
}

/** The C program that starts and times what is measured; see spawner.c. */
export class Spawner implements Disposable {
  readonly #process: ChildProcess;
  readonly #answers: AsyncIterator<string, undefined>;

  private constructor(process: ChildProcess, answers: AsyncIterator<string, undefined>) {
    this.#process = process;
    this.#answers = answers;
  }

  /** Builds it into a folder and starts it. */
  static async open(folder: string): Promise<Spawner> {
    const binary = join(folder, 'spawner');
    await must('cc', ['-O2', '-o', binary, join(import.meta.dirname, 'spawner.c')]);
    const child = spawn(binary, { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child, 'spawn');
    return new Spawner(child, createInterface({ input: child.stdout })[Symbol.asyncIterator]());
  }

  /** Starts all at once and waits for all; an error where one of them fails, with what it said. */
  async time(programs: readonly Program[]): Promise<Timing> {
    const lines = programs.map(({ path, input, output, env }) =>
      [path, input, output, ...Object.entries(env).map(([name, value]) => `${name}=${value}`)].join('\t'),
    );
    this.#process.stdin?.write(`${programs.length}\n${lines.join('\n')}\n`);
    const answer = await this.#answers.next();
    if (answer.done === true) throw new Error('the spawner ended');
    const [total = '', ...answers] = answer.value.split(' ');
    const each = answers.map((answer, at) => milliseconds(answer, programs[at]));
    return { total: Number(total) / 1e6, each };
  }

  [Symbol.dispose](): void {
    this.#process.stdin?.end();
    this.#process.kill('SIGKILL');
  }
}

function milliseconds(answer: string, program: Program | undefined): number {
  const [nanoseconds, status] = answer.split(':');
  if (status === '0') return Number(nanoseconds) / 1e6;
  const said = program === undefined ? '' : readFileSync(program.output, 'utf8').trim();
  throw new Error(`${program?.path ?? ''} ${program?.env['CNI_COMMAND'] ?? ''} failed (wait status ${status ?? '?'}): ${said}`);
}
