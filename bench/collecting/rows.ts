import { mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { AgentProcess } from '../../tests/clients/harness/agent.ts';
import { type Bench, program, settled } from '../pods.ts';
import type { Row } from '../rows.ts';
import { ourSide, TABLES } from '../side.ts';
import { percentile, summarize } from '../statistics.ts';

const NODES = 100_000;
/** The most that a collection may make of an ADD. */
const TARGET = 2;
/** The first calls load code. */
const WARM = 20;

/** ADD while the agent collects 100,000 nodes over and over, and while it has them and does nothing; the slowest of a hundred each. */
export async function measureCollecting(bench: Bench, rounds: number): Promise<readonly Row[]> {
  const idle = await adds(bench, rounds, false);
  const collecting = await adds(bench, rounds, true);
  const row = (rank: number, what: string): Row => ({
    name: `ADD while ${NODES.toLocaleString('en')} nodes are collected, ${what}, against idle`,
    unit: 'ms',
    ours: summarize([percentile(collecting, rank)]),
    reference: summarize([percentile(idle, rank)]),
  });
  return [row(50, 'median'), { ...row(99, 'p99'), target: { ratio: TARGET } }];
}

async function adds(bench: Bench, rounds: number, collect: boolean): Promise<readonly number[]> {
  const folder = join(bench.folder, `collect-${String(collect)}`);
  const agent = new AgentProcess(join(folder, 'agent'), tables(collect), `/run/hwt-collect-${String(collect)}`);
  const filler = pathToFileURL(join(import.meta.dirname, 'filler.ts')).href;
  writeFileSync(join(folder, 'agent', 'filler.ts'), `export { default } from '${filler}';\n`);
  mkdirSync(join(folder, 'calls'), { recursive: true });
  await agent.start();
  try {
    const side = await ourSide(join(folder, 'calls'), agent);
    const samples: number[] = [];
    for (let round = 0; round < WARM + rounds; round++) {
      const pod = { id: `collect-${String(collect)}-${round}`, netns: bench.namespaces[round % bench.namespaces.length] ?? '' };
      for (const command of ['ADD', 'DEL']) {
        const { total } = await bench.spawner.time([program({ folder }, side, command, false, pod)]);
        if (command === 'ADD' && round >= WARM) samples.push(total);
      }
      await settled();
    }
    return samples;
  } finally {
    await agent.stop();
  }
}

const tables = (collect: boolean): string => `packages = ["./filler.ts"]
${TABLES}
[plugins."hawser.bench.v1.filler"]
nodes = ${NODES}
collect = ${String(collect)}
`;
