import { readFileSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';
import type { AgentProcess } from '../tests/clients/harness/agent.ts';
import type { Row } from './rows.ts';
import { summarize } from './statistics.ts';

const IDLE_MS = 5_000;

/** From the start of the process to its ready line. The first start, which fills caches, is not counted. */
export async function measureBoot(agent: AgentProcess, rounds: number): Promise<readonly Row[]> {
  const times: number[] = [];
  for (let round = -1; round < rounds; round++) {
    const took = await agent.start();
    if (round >= 0) times.push(took);
    await agent.stop();
  }
  return [{ name: 'boot to ready', unit: 'ms', ours: summarize(times), target: { atMost: 300 } }];
}

/** Resident memory of an agent that has had nothing to do for a while. */
export async function measureMemory(name: string, agent: AgentProcess): Promise<readonly Row[]> {
  await delay(IDLE_MS);
  const [, kilobytes = ''] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${agent.pid ?? 'self'}/status`, 'utf8')) ?? [];
  return [{ name, unit: 'MB', ours: summarize([Number(kilobytes) / 1024]), target: { atMost: 100 } }];
}
