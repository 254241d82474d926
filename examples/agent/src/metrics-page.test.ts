import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { type SimulatedAgent, startSimulatedAgent } from './simulated-agent.fixture.ts';

const DOCS = join(import.meta.dirname, '../../../docs');

let agent: SimulatedAgent;

beforeAll(async () => {
  agent = await startSimulatedAgent();
});
afterAll(() => agent[Symbol.asyncDispose]());

describe('docs/prometheus', () => {
  test('names only metrics that there are', async () => {
    const known = new Set((await agent.metrics()).map(({ name }) => name));
    for (const file of await readdir(join(DOCS, 'prometheus'))) {
      const content = await readFile(join(DOCS, 'prometheus', file), 'utf8');
      expect(parse(content)).toEqual(expect.any(Object));
      for (const [name] of content.matchAll(/\bhawser_[a-z0-9_]+/g)) expect(known).toContain(name.replace(/_bucket$/, ''));
    }
  });
});

describe('the agent’s socket', () => {
  test('serves the metrics, those of the API by route and never by path', async () => {
    await agent.get('/v1/attachments/somebody/eth0');
    const { status, type, body } = await agent.get('/metrics');
    expect([status, type]).toEqual([200, expect.stringContaining('text/plain')]);
    expect(body).toMatch(/^hawser_api_requests_total\{method="GET",route="[^"]*",status="404"\} 1$/m);
    expect(body).not.toContain('somebody');
    expect(body).toContain('hawser_ipam_range_addresses{range="10.88.0.0/24",state="free"} 253');
  });

  test('serves what the health plugin says', async () => {
    expect(JSON.parse((await agent.get('/livez')).body)).toEqual({ status: 'ok' });
    const { status, body } = await agent.get('/healthz?verbose');
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
