/**
 * `npm run fuzz -- [NAME…] [--seconds N] [--seed S] [--keep] [--input FILE] [--list]`: fuzzes parsers, led by what of our
 * sources an input runs. Exit: 0 nothing found, 1 a defect, 2 wrong usage. See docs/testing.md.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { decodeKept, keepInput } from '../tests/fuzz/engine/corpus.ts';
import { type Outcome, supervise } from '../tests/fuzz/engine/supervise.ts';
import type { FuzzTarget } from '../tests/fuzz/engine/target.ts';
import { targets } from '../tests/fuzz/targets/index.ts';

const FAILURES = join('.cache', 'fuzz');
/** Longer ones are found in their file only. */
const SHOWN = 2_000;

const options = {
  seconds: { type: 'string', default: '30' },
  seed: { type: 'string', default: String(Date.now() % 2 ** 31) },
  keep: { type: 'boolean', default: false },
  input: { type: 'string' },
  list: { type: 'boolean', default: false },
} as const;

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({ options, allowPositionals: true });
  const unknown = positionals.filter((name) => !targets.some((target) => target.name === name));
  const [seconds, seed] = [Number(values.seconds), Number(values.seed)];
  if (unknown.length > 0) return wrongUsage(`no such target: ${unknown.join(', ')}; --list tells which there are`);
  if (!(seconds > 0) || !Number.isSafeInteger(seed) || seed < 0) return wrongUsage('--seconds is above 0, --seed a whole number from 0 on');
  const wanted = targets.filter(({ name }) => positionals.length === 0 || positionals.includes(name));
  if (values.list) return list(wanted);
  const [first] = wanted;
  if (values.input !== undefined && (wanted.length !== 1 || first === undefined)) return wrongUsage('--input needs the name of its target');
  const only = values.input === undefined || first === undefined ? {} : { only: inputIn(first, values.input) };
  console.log(`seed ${seed}, ${seconds} s for each of ${wanted.length} targets`);
  const outcomes = await supervise({
    targets: wanted.map(({ name }) => name),
    seed,
    ms: seconds * 1_000,
    guided: true,
    ...only,
    progress: showProgress,
    outcome: (outcome) => show(outcome, values.keep),
  });
  return outcomes.some(({ failure }) => failure !== undefined) ? 1 : 0;
}

function wrongUsage(what: string): number {
  console.error(what);
  return 2;
}

function list(wanted: readonly FuzzTarget[]): number {
  const width = Math.max(...wanted.map(({ name }) => name.length));
  for (const { name, summary } of wanted) console.log(`${name.padEnd(width)}  ${summary}`);
  return 0;
}

const targetOf = (name: string): FuzzTarget => {
  const target = targets.find((one) => one.name === name);
  if (target === undefined) throw new Error(`there is no target ${name}`);
  return target;
};

const inputIn = ({ format }: FuzzTarget, file: string): string => {
  const content = readFileSync(file);
  return (file.endsWith('.hex') ? decodeKept(format, content) : content).toString('base64');
};

function showProgress(target: string, executions: number, interesting: number): void {
  if (process.stdout.isTTY) process.stdout.write(`\r\u001b[K… ${target}  ${executions} executions, ${interesting} inputs to go on from`);
}

function show({ target, executions, ms, skipped, found, failure }: Outcome, keep: boolean): void {
  if (process.stdout.isTTY) process.stdout.write('\r\u001b[K');
  if (skipped !== undefined) return console.log(`- ${target}  skipped: ${skipped}`);
  const figures = `${executions} executions in ${(ms / 1_000).toFixed(1)} s, ${found.length} inputs ran something new`;
  console.log(`${failure === undefined ? '✔' : '✗'} ${target}  ${figures}`);
  if (keep) for (const input of found) keepInput(targetOf(target), input);
  if (failure === undefined) return;
  const { input, error } = failure;
  const kept = keepInput(targetOf(target), input, FAILURES);
  const shown = targetOf(target).format === 'text' ? JSON.stringify(input.toString()) : input.toString('hex');
  console.log(`${error}\n\nsmallest input found, ${input.length} bytes, in ${kept}:\n${shown.slice(0, SHOWN)}`);
  console.log(`again: npm run fuzz -- ${target} --input ${kept}`);
}

process.exitCode = await main();
