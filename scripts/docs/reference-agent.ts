import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { plugins } from '@hawser/agent';
import { loadConfig, systemContext } from '@hawser/core';
import { type Agent, startAgent } from '@hawser/core/agent';
import { Metrics } from '@hawser/core/contracts';
import type { MetricEntry } from '@hawser/plugin-metrics';
import { pino } from 'pino';
import * as z from 'zod';

const OpenApi = z.object({
  paths: z.record(z.string(), z.record(z.string(), z.json())),
  components: z.object({ schemas: z.record(z.string(), z.json()) }),
});

/** The OpenAPI document of the reference agent. */
export type OpenApi = z.infer<typeof OpenApi>;

/** Asks the reference agent for its OpenAPI document. */
export const openApi = (): Promise<OpenApi> =>
  withReferenceAgent(async ({ socket }) => OpenApi.parse(JSON.parse(await get(socket, '/v1/openapi.json'))));

/** A table of every metric of the reference agent. */
export const metricsTable = (): Promise<string> =>
  withReferenceAgent(async (agent) => {
    await get(agent.socket, '/livez'); // some come with the first request
    const metrics = agent.get(Metrics);
    if (metrics === undefined || !isCatalogued(metrics)) throw new Error('the reference agent tells nothing of its metrics');
    const rows = metrics
      .catalogue()
      .map(({ name, kind, labels, help }) => [`\`${name}\``, kind, labels.replaceAll(',', ' '), help.replaceAll('|', '\\|')]);
    return ['| metric | kind | labels | |', '|---|---|---|---|', ...rows.map((cells) => `| ${cells.join(' | ')} |`)].join('\n');
  });

const isCatalogued = (metrics: object): metrics is { catalogue(): readonly MetricEntry[] } => 'catalogue' in metrics;

/** Starts the reference agent on a model of a kernel, asks, and stops it. */
async function withReferenceAgent<T>(ask: (agent: Agent) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), 'hawser-docs-'));
  try {
    const file = join(folder, 'config.toml');
    await writeFile(file, configOf(folder));
    const config = await loadConfig({ file, plugins, missingOk: false, environment: {} });
    const agent = await startAgent({ name: 'hawser', version: '0', config, context: systemContext, log: pino({ level: 'silent' }) });
    try {
      return await ask(agent);
    } finally {
      await agent.stop('it has told what it was asked');
    }
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

const configOf = (folder: string): string =>
  [
    'version = 1',
    `root = "${folder}/root"`,
    `state = "${folder}/state"`,
    'disabled = ["hawser.host.v1.linux"]',
    '[plugins."hawser.host.v1.simulated"]',
    '[plugins."hawser.mode.v1.bridge"]',
    '[plugins."hawser.ipam.v1.range"]',
    'ranges = ["10.88.0.0/24"]',
  ].join('\n');

/** `GET /v1/leases/{}` for each operation: what parameters are called is left out. */
export const routesOf = ({ paths }: OpenApi): ReadonlySet<string> =>
  new Set(
    Object.entries(paths).flatMap(([path, operations]) =>
      Object.keys(operations).map((method) => `${method.toUpperCase()} ${path.replaceAll(/\{[^}]+\}/g, '{}')}`),
    ),
  );

function get(socketPath: string, path: string): Promise<string> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  request({ socketPath, path }, (response) => void text(response).then(resolve, reject))
    .on('error', reject)
    .end();
  return promise;
}
