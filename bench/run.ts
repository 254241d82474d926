/**
 * `npm run bench [-- NAME…] [--json FILE] [--markdown FILE] [--rounds N] [--strict]`: our agent beside the reference bridge with
 * host-local, in one run on one machine. Needs root and a C compiler; everything happens in scripts/sandbox.
 */
import { spawn } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { cpus, release, tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { run } from '../tests/clients/harness/command.ts';
import { PATH, ROOT } from '../tests/clients/harness/machine.ts';
import { measureBoot, measureMemory } from './agent.ts';
import { type Bench, makeNamespaces, measurePods, measureVersion } from './pods.ts';
import { markdown, met, ratio, render, type Row } from './rows.ts';
import { measureCollecting } from './collecting/rows.ts';
import { measureCore } from './core/rows.ts';
import { makeAgent, OUR_BRIDGE, ourSide, REFERENCE_BRIDGE, referenceSide } from './side.ts';
import { Spawner } from './spawner.ts';

const PARALLEL = 50;
const NAMES = ['boot', 'memory', 'version', 'pods', 'pods-masquerade', 'parallel', 'parallel-masquerade', 'collecting', 'core'] as const;
type Name = (typeof NAMES)[number];

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    json: { type: 'string' },
    markdown: { type: 'string' },
    rounds: { type: 'string', default: '40' },
    strict: { type: 'boolean', default: false },
  },
});
const unknown = positionals.filter((name) => !NAMES.some((known) => known === name));
const wanted = (name: Name): boolean => positionals.length === 0 || positionals.includes(name);

if (unknown.length > 0) {
  console.error(`no such benchmark: ${unknown.join(', ')}; there are ${NAMES.join(', ')}`);
  process.exitCode = 2;
} else if (process.platform !== 'linux' || process.getuid?.() !== 0) {
  console.error('the benchmarks need Linux and root: they make network namespaces and links');
  process.exitCode = 1;
} else if (process.env['HAWSER_SANDBOX'] === 'inside') await main(process.env['HAWSER_CLIENTS_FOLDER'] ?? '');
else enterSandbox();

function enterSandbox(): void {
  const folder = mkdtempSync(join(tmpdir(), 'hwt-'));
  const command = [folder, process.execPath, import.meta.filename, ...process.argv.slice(2)];
  const child = spawn(join(ROOT, 'scripts', 'sandbox'), command, {
    stdio: 'inherit',
    env: { ...process.env, PATH, HAWSER_CLIENTS_FOLDER: folder },
  });
  for (const signal of ['SIGINT', 'SIGTERM'] as const) process.on(signal, () => child.kill(signal));
  child.on('exit', (code) => {
    rmSync(folder, { recursive: true, force: true });
    process.exitCode = code ?? 1;
  });
}

async function main(folder: string): Promise<void> {
  const rows: Row[] = [];
  const report = async (name: Name, measure: () => Promise<readonly Row[]>): Promise<void> => {
    if (!wanted(name)) return;
    console.error(`… ${name}`);
    rows.push(...(await measure()));
  };
  const agent = makeAgent(folder);
  await report('boot', () => measureBoot(agent, 10));
  await agent.start();
  await report('memory', () => measureMemory('resident memory, idle', agent));
  await measureCalls(folder, await ourSide(folder, agent), report);
  await report('memory', () => measureMemory('resident memory, idle after it all', agent));
  await agent.stop();
  await report('core', () => measureCore(folder));
  for (const bridge of [OUR_BRIDGE, REFERENCE_BRIDGE]) await run('ip', ['link', 'delete', bridge]);
  finish(rows);
}

async function measureCalls(
  folder: string,
  ours: Awaited<ReturnType<typeof ourSide>>,
  report: (name: Name, measure: () => Promise<readonly Row[]>) => Promise<void>,
): Promise<void> {
  const reference = referenceSide(folder);
  if (reference === undefined)
    console.error('the reference plugins are not installed (containernetworking-plugins): there is nothing to compare with');
  using spawner = await Spawner.open(folder);
  const bench: Bench = {
    folder,
    spawner,
    sides: reference === undefined ? [ours] : [ours, reference],
    namespaces: await makeNamespaces(PARALLEL),
  };
  const rounds = Number(values.rounds);
  await report('version', () => measureVersion(bench, rounds));
  // They take least, so there can be more of them: an agent that has just started is not the rule.
  await report('pods', () => measurePods(bench, 1, 3 * rounds, false));
  await report('pods-masquerade', () => measurePods(bench, 1, Math.ceil(rounds / 2), true));
  await report('parallel', () => measurePods(bench, PARALLEL, Math.ceil(rounds / 4), false));
  await report('parallel-masquerade', () => measurePods(bench, PARALLEL, Math.ceil(rounds / 10), true));
  await report('collecting', () => measureCollecting(bench, 5 * rounds));
}

function finish(rows: readonly Row[]): void {
  const machine = `kernel ${release()}, ${cpus().length} cores, Node.js ${process.versions.node}`;
  console.log(`\n${render(rows)}\n\n${machine}; medians of rounds in which the sides take turns`);
  if (values.json !== undefined) {
    const results = rows.map((row) => ({ ...row, ratio: ratio(row), pass: met(row) }));
    writeFileSync(values.json, `${JSON.stringify({ machine, results }, undefined, 2)}\n`);
  }
  if (values.markdown !== undefined) writeFileSync(values.markdown, markdown(rows, machine));
  if (values.strict && rows.some((row) => met(row) === false)) process.exitCode = 1;
}
