import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { json, text } from 'node:stream/consumers';
import * as z from 'zod';
import type { Row } from '../rows.ts';
import { summarize } from '../statistics.ts';

/** One line about the core: what `measure.ts` and the peer are asked for. */
interface Line {
  readonly name: string;
  readonly measure: string;
  readonly size: number;
  /** The most that ours may be, times the peer's. */
  readonly target: number;
}

const LINES: readonly Line[] = [
  { name: 'lease create + delete, durable', measure: 'lease', size: 300, target: 1 },
  { name: 'lease with two resources, 64 durable writers', measure: 'lease-writers', size: 20, target: 0.2 },
  { name: 'snapshot prepare + commit + remove', measure: 'snapshot', size: 200, target: 1 },
  { name: 'walk of 10,000 snapshots', measure: 'walk', size: 10_000, target: 1 },
  { name: 'the same by a filter with an index', measure: 'walk-filter', size: 10_000, target: 0.1 },
  { name: 'stat, of 10,000', measure: 'stat', size: 10_000, target: 0.2 },
  { name: 'stat, of 100,000', measure: 'stat', size: 100_000, target: 0.2 },
  { name: 'mark of 1,000, all live', measure: 'gc', size: 1_000, target: 1 },
  { name: 'mark of 10,000, all live', measure: 'gc', size: 10_000, target: 1 },
  { name: 'mark of 100,000, all live', measure: 'gc', size: 100_000, target: 1 },
  { name: 'mark and sweep of 1,000, 10 % garbage', measure: 'gc-garbage', size: 1_000, target: 1 },
  { name: 'mark and sweep of 10,000, 10 % garbage', measure: 'gc-garbage', size: 10_000, target: 1 },
  { name: 'mark and sweep of 100,000, 10 % garbage', measure: 'gc-garbage', size: 100_000, target: 1 },
  { name: 'an event to 1 subscriber', measure: 'events-1', size: 20_000, target: 1 },
  { name: 'an event to 10 subscribers', measure: 'events-10', size: 10_000, target: 1 },
  { name: 'an event to 100 subscribers', measure: 'events-100', size: 2_000, target: 1 },
  { name: 'reopening 100,000 snapshots', measure: 'reopen', size: 100_000, target: 0.2 },
];

/** What is done among 100,000 others and among 1,000. */
const GROWTH: readonly Pick<Line, 'name' | 'measure'>[] = [
  { name: 'lease create + delete', measure: 'lease-among' },
  { name: 'snapshot prepare + commit + remove', measure: 'snapshot-among' },
  { name: 'stat', measure: 'stat' },
];
const [FEW, MANY] = [1_000, 100_000];
const MOST_GROWTH = 1.5;

/** A writer beside a collection may wait this long at most, milliseconds. */
const LONGEST_WAIT_MS = 5;
const DEADLINE_MS = 300_000;

const Output = z.object({ samples: z.array(z.number()).min(1) });
const Waits = z.object({ writes: z.number(), longestWaitMs: z.number() });

interface Measured {
  readonly samples: readonly number[];
  /** Of collections: how long writers waited at most, a pass each. */
  readonly waits: readonly number[];
}

/** The core beside a program that does the same on containerd's packages, where `HAWSER_BENCH_PEER` names one. */
export async function measureCore(folder: string, peer = process.env['HAWSER_BENCH_PEER']): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const { name, measure, size, target } of LINES) {
    const own = await ours(folder, measure, size);
    const theirs = peer === undefined ? undefined : await measured(folder, peer, [], measure, size);
    const reference = theirs === undefined ? {} : { reference: summarize(theirs.samples) };
    rows.push({ name, unit: 'ms', ours: summarize(own.samples), ...reference, target: { ratio: target } });
    if (own.waits.length > 0)
      rows.push({
        name: '  longest wait of a writer meanwhile',
        unit: 'ms',
        ours: summarize(own.waits),
        target: { atMost: LONGEST_WAIT_MS },
      });
  }
  return [...rows, ...(await measureGrowth(folder))];
}

/** Ours among many, against ours among few. */
async function measureGrowth(folder: string): Promise<readonly Row[]> {
  const rows: Row[] = [];
  for (const { name, measure } of GROWTH) {
    const [few, many] = [await ours(folder, measure, FEW), await ours(folder, measure, MANY)];
    rows.push({
      name: `${name} among ${MANY.toLocaleString('en')}, against among ${FEW.toLocaleString('en')}`,
      unit: 'ms',
      ours: summarize(many.samples),
      reference: summarize(few.samples),
      target: { ratio: MOST_GROWTH },
    });
  }
  return rows;
}

const ours = (folder: string, measure: string, size: number): Promise<Measured> =>
  measured(folder, process.execPath, [join(import.meta.dirname, 'measure.ts')], measure, size);

/** Runs one measurement in a process and a folder of its own. */
async function measured(parent: string, program: string, before: readonly string[], name: string, size: number): Promise<Measured> {
  const folder = mkdtempSync(join(parent, 'core-'));
  try {
    const child = spawn(program, [...before, folder, name, String(size)], { stdio: ['ignore', 'pipe', 'pipe'], timeout: DEADLINE_MS });
    const ended = new Promise<number | null>((resolve, reject) => child.once('error', reject).once('close', resolve));
    const said = text(child.stderr);
    const output = await json(child.stdout).catch(() => undefined);
    const code = await ended;
    if (code !== 0 || output === undefined) throw new Error(`${program} ${name} ended with ${code}: ${(await said).slice(-2_000)}`);
    return { samples: Output.parse(output).samples, waits: waitsIn(await said) };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

function waitsIn(said: string): readonly number[] {
  const lines = said.split('\n').filter((line) => line.startsWith('{"writes"'));
  return lines.map((line) => Waits.parse(JSON.parse(line)).longestWaitMs);
}
