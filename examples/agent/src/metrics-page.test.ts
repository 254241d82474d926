import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { loadConfig, systemClock, systemRandom } from '@hawser/core';
import { type Agent, startAgent } from '@hawser/core/agent';
import { Metrics } from '@hawser/core/contracts';
import type { MetricEntry } from '@hawser/plugin-metrics';
import { pino } from 'pino';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { plugins } from './plugins.ts';

const DOCS = join(import.meta.dirname, '../../../docs');

let folder: string;
let agent: Agent;

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hwt-metrics-'));
  const file = join(folder, 'config.toml');
  const lines = [
    'version = 1',
    `root = "${folder}/root"`,
    `state = "${folder}/state"`,
    'disabled = ["hawser.host.v1.linux"]',
    '[plugins."hawser.host.v1.simulated"]',
    '[plugins."hawser.mode.v1.bridge"]',
    '[plugins."hawser.ipam.v1.range"]',
    'ranges = ["10.88.0.0/24"]',
  ];
  await writeFile(file, lines.join('\n'));
  agent = await startAgent({
    name: 'hawser',
    version: '1',
    config: await loadConfig({ file, plugins, missingOk: false, environment: {} }),
    context: { clock: systemClock, random: systemRandom },
    log: pino({ level: 'silent' }),
  });
});
afterAll(async () => {
  await agent.stop('the test is over');
  await rm(folder, { recursive: true });
});

async function get(
  path: string,
): Promise<{ readonly status: number | undefined; readonly type: string | undefined; readonly body: string }> {
  const { promise, resolve, reject } = Promise.withResolvers<Awaited<ReturnType<typeof get>>>();
  request({ socketPath: agent.socket, path }, (response) => {
    text(response).then((body) => resolve({ status: response.statusCode, type: response.headers['content-type'], body }), reject);
  })
    .on('error', reject)
    .end();
  return promise;
}

const isCatalogued = (metrics: object): metrics is { catalogue(): readonly MetricEntry[] } => 'catalogue' in metrics;

/** The metrics of the reference agent, after it was asked something. */
async function catalogue(): Promise<readonly MetricEntry[]> {
  await get('/livez');
  const metrics = agent.get(Metrics);
  return metrics !== undefined && isCatalogued(metrics) ? metrics.catalogue() : expect.fail('no catalogue');
}

describe('docs/prometheus', () => {
  test('names only metrics that there are', async () => {
    const known = new Set((await catalogue()).map(({ name }) => name));
    for (const file of await readdir(join(DOCS, 'prometheus'))) {
      const content = await readFile(join(DOCS, 'prometheus', file), 'utf8');
      expect(parse(content)).toEqual(expect.any(Object));
      for (const [name] of content.matchAll(/\bhawser_[a-z0-9_]+/g)) expect(known).toContain(name.replace(/_bucket$/, ''));
    }
  });
});

describe('the agent’s socket', () => {
  test('serves the metrics, those of the API by route and never by path', async () => {
    await get('/v1/attachments/somebody/eth0');
    const { status, type, body } = await get('/metrics');
    expect([status, type]).toEqual([200, expect.stringContaining('text/plain')]);
    expect(body).toMatch(/^hawser_api_requests_total\{method="GET",route="[^"]*",status="404"\} 1$/m);
    expect(body).not.toContain('somebody');
    expect(body).toContain('hawser_ipam_range_addresses{range="10.88.0.0/24",state="free"} 253');
  });

  test('serves what the health plugin says', async () => {
    expect(JSON.parse((await get('/livez')).body)).toEqual({ status: 'ok' });
    const { status, body } = await get('/healthz?verbose');
    expect([status, JSON.parse(body)]).toEqual([
      200,
      {
        status: 'ok',
        checks: expect.arrayContaining([
          { name: 'store.state', status: 'ok' },
          { name: 'hawser.gc.v1.scheduler', status: 'ok' },
        ]),
      },
    ]);
  });
});
