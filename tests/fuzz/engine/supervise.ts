import { type ChildProcess, fork } from 'node:child_process';
import { existsSync, readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Orders, Report } from './report.ts';

/** What became of one target. */
export interface Outcome {
  readonly target: string;
  readonly executions: number;
  readonly ms: number;
  readonly skipped?: string;
  /** Inputs that ran what those of the corpus did not. */
  readonly found: readonly Buffer[];
  readonly failure?: { readonly input: Buffer; readonly error: string };
}

/** What is to be done, and whom to tell of it. */
export interface Supervision extends Omit<Orders, 'current' | 'from'> {
  /** The targets of this repository unless told. */
  readonly from?: string;
  /** An execution that takes longer hangs; a minute unless told. */
  readonly hangMs?: number;
  readonly progress?: (target: string, executions: number, interesting: number) => void;
  readonly outcome?: (outcome: Outcome) => void;
}

const WORKER = join(import.meta.dirname, 'worker.ts');
const TARGETS = join(import.meta.dirname, '..', 'targets', 'index.ts');
const HANG_MS = 60_000;
/** What is unbounded runs out of this. */
const HEAP_MIB = 768;

/**
 * Fuzzes targets one after the other in a process that may hang or die: then the input that did it is the failure, and another
 * process goes on with the next target.
 */
export async function supervise(supervision: Supervision): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = [];
  let left = supervision.targets;
  while (left.length > 0) {
    const life = await oneLife({ ...supervision, targets: left });
    outcomes.push(...life);
    left = left.slice(Math.max(1, life.length));
  }
  return outcomes;
}

async function oneLife(supervision: Supervision): Promise<readonly Outcome[]> {
  // The process may die with its temporary files.
  const folder = await mkdtemp(join(tmpdir(), 'hwt-fuzz-'));
  const current = join(folder, 'current');
  const { targets, seed, ms, guided, only, from = TARGETS } = supervision;
  const orders: Orders = {
    from,
    targets,
    seed,
    guided,
    current,
    ...(ms === undefined ? {} : { ms }),
    ...(only === undefined ? {} : { only }),
  };
  // An input may be too large for an argument.
  const written = join(folder, 'orders');
  await writeFile(written, JSON.stringify(orders));
  const child = fork(WORKER, [written], {
    execArgv: ['--conditions=hawser:source', `--max-old-space-size=${HEAP_MIB}`, '--disable-warning=ExperimentalWarning'],
    env: { ...process.env, TMPDIR: folder },
    stdio: ['ignore', 'ignore', 'pipe', 'ipc'],
  });
  try {
    return await new Life(child, supervision, () => readCurrent(current)).outcomes;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** One process from its start to its end. */
class Life {
  readonly outcomes: Promise<readonly Outcome[]>;
  readonly #child: ChildProcess;
  readonly #supervision: Supervision;
  readonly #ended: Outcome[] = [];
  #target: string;
  #since = performance.now();
  #executions = 0;
  #errors = '';
  #hung = false;
  #timer: NodeJS.Timeout | undefined;

  constructor(child: ChildProcess, supervision: Supervision, current: () => Buffer) {
    const { targets } = supervision;
    this.#child = child;
    this.#supervision = supervision;
    this.#target = targets[0] ?? '';
    child.stderr?.on('data', (chunk: Buffer) => (this.#errors = (this.#errors + chunk.toString()).slice(-8_000)));
    child.on('message', (report) => this.#hear(report as Report));
    this.#stillAlive();
    this.outcomes = new Promise((resolve, reject) => {
      child.on('error', reject);
      child.on('close', (code, signal) => {
        clearTimeout(this.#timer);
        if (this.#ended.length < targets.length) this.#end({ failure: { input: current(), error: this.#lastWords(code, signal) } });
        resolve(this.#ended);
      });
    });
  }

  #hear(report: Report): void {
    this.#stillAlive();
    this.#target = report.target;
    if ('executions' in report) this.#executions = report.executions;
    if (report.at === 'begun') this.#since = performance.now();
    else if (report.at === 'progress') this.#supervision.progress?.(report.target, report.executions, report.interesting);
    else if (report.at === 'skipped') this.#end({ skipped: report.reason });
    else if (report.at === 'ended') this.#end({ found: report.found.map((input) => Buffer.from(input, 'base64')) });
    else this.#end({ failure: { input: Buffer.from(report.input, 'base64'), error: report.error } });
  }

  #end(what: Partial<Outcome>): void {
    const outcome = { target: this.#target, executions: this.#executions, ms: performance.now() - this.#since, found: [], ...what };
    this.#ended.push(outcome);
    this.#executions = 0;
    this.#supervision.outcome?.(outcome);
  }

  #stillAlive(): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => {
      this.#hung = true;
      this.#child.kill('SIGKILL');
    }, this.#supervision.hangMs ?? HANG_MS);
  }

  #lastWords(code: number | null, signal: NodeJS.Signals | null): string {
    if (this.#hung) return 'an execution hung';
    return `the process died of ${signal ?? `exit code ${code}`}\n${this.#errors}`;
  }
}

/** The input of the moment of death. */
function readCurrent(file: string): Buffer {
  if (!existsSync(file)) return Buffer.alloc(0);
  const content = readFileSync(file);
  const at = content.indexOf('\n');
  return content.subarray(at + 1, at + 1 + Number(content.subarray(0, at).toString()));
}
