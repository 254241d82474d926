import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { loadConfig, systemContext } from '@hawser/core';
import { type Agent, startAgent } from '@hawser/core/agent';
import { Metrics } from '@hawser/core/contracts';
import type { MetricEntry } from '@hawser/plugin-metrics';
import { pino } from 'pino';
import { plugins } from './plugins.ts';

/** A config of the reference agent on a model of a kernel, with what it keeps in a folder. */
export const simulatedConfig = (folder: string): string => `version = 1
root = "${folder}/root"
state = "${folder}/state"
disabled = ["hawser.host.v1.linux"]
[plugins."hawser.host.v1.simulated"]
[plugins."hawser.mode.v1.bridge"]
[plugins."hawser.ipam.v1.range"]
ranges = ["10.88.0.0/24"]
`;

export interface Answer {
  readonly status: number | undefined;
  readonly type: string | undefined;
  readonly body: string;
}

/** The reference agent by that config. Disposing of it stops it and removes its folder. */
export interface SimulatedAgent extends AsyncDisposable {
  get(path: string): Promise<Answer>;
  /** Every metric that it has. */
  metrics(): Promise<readonly MetricEntry[]>;
}

export async function startSimulatedAgent(): Promise<SimulatedAgent> {
  const folder = await mkdtemp(join(tmpdir(), 'hwt-agent-'));
  const remove = () => rm(folder, { recursive: true, force: true });
  const agent = await startIn(folder).catch(async (error: unknown) => {
    await remove();
    throw error;
  });
  return {
    get: (path) => get(agent.socket, path),
    async metrics() {
      await get(agent.socket, '/livez'); // some come with the first request
      const metrics = agent.get(Metrics);
      if (metrics === undefined || !isCatalogued(metrics)) throw new Error('the reference agent tells nothing of its metrics');
      return metrics.catalogue();
    },
    async [Symbol.asyncDispose]() {
      await agent.stop('it is needed no longer');
      await remove();
    },
  };
}

async function startIn(folder: string): Promise<Agent> {
  const file = join(folder, 'config.toml');
  await writeFile(file, simulatedConfig(folder));
  const config = await loadConfig({ file, plugins, missingOk: false, environment: {} });
  return await startAgent({ name: 'hawser', version: '0', config, context: systemContext, log: pino({ level: 'silent' }) });
}

const isCatalogued = (metrics: object): metrics is { catalogue(): readonly MetricEntry[] } => 'catalogue' in metrics;

function get(socketPath: string, path: string): Promise<Answer> {
  const { promise, resolve, reject } = Promise.withResolvers<Answer>();
  request({ socketPath, path }, (response) => {
    text(response).then((body) => resolve({ status: response.statusCode, type: response.headers['content-type'], body }), reject);
  })
    .on('error', reject)
    .end();
  return promise;
}
