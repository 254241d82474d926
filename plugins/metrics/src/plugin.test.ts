import { boot, type Kernel, type PluginReport, systemClock, systemRandom } from '@hawser/core';
import { AgentState, Metrics } from '@hawser/core/contracts';
import { countedMetrics, describePluginContract, fakePlugin } from '@hawser/core/testing';
import { createServer } from 'node:net';
import { once } from 'node:events';
import { pino } from 'pino';
import { afterEach, expect, test } from 'vitest';
import { observeAgent } from './agent-metrics.ts';
import plugin from './index.ts';

describePluginContract(plugin, { module: new URL('index.ts', import.meta.url) });

const URI = 'hawser.metrics.v1.prometheus';
const report = (uri: string, more: Partial<PluginReport>): PluginReport => ({
  uri,
  type: uri,
  id: 'x',
  summary: 'X.',
  stability: 'beta',
  status: 'ok',
  startMs: 4,
  requires: [],
  provides: uri,
  ...more,
});
const agent: AgentState = {
  name: 'acme',
  version: '2',
  coreVersion: '1',
  phase: () => 'ready',
  reports: () => [
    report('test.a.v1.x', {}),
    report('test.b.v1.x', { status: 'degraded', workers: [{ name: 'w', state: 'backing_off', rounds: 4, failures: 3 }] }),
    report('test.c.v1.x', { status: 'disabled', startMs: 0 }),
  ],
};

let kernel: Kernel | undefined;
afterEach(async () => {
  await kernel?.stop('the test is over');
  kernel = undefined;
});

const plugins = [plugin, fakePlugin(AgentState, 'self', agent)];
const config = (table: Readonly<Record<string, unknown>>) => ({
  settings: new Map([[URI, { max_label_values: 200, max_series: 2000, ...table }]]),
  configured: new Set([URI]),
  disabled: new Set<string>(),
  required: new Set<string>(),
});

async function start(table: Readonly<Record<string, unknown>>): Promise<Metrics> {
  const context = { clock: systemClock, random: systemRandom };
  kernel = await boot({ plugins, config: config(table), context, log: pino({ level: 'silent' }) });
  return kernel.get(Metrics) ?? expect.fail(JSON.stringify(kernel.reports()));
}

/** A port that is free now. */
async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : expect.fail();
}

test('an agent tells what runs, and how its plugins and their workers do', async () => {
  const { text } = await (await start({})).expose();
  expect(text).toContain(`hawser_agent_build_info{name="acme",version="2",core="1",node="${process.versions.node}"} 1`);
  expect(text).toContain('hawser_plugins_known_plugins{status="degraded"} 1');
  expect(text).toContain('hawser_plugins_serving_state{plugin="test.b.v1.x"} 0.5');
  expect(text).not.toContain('hawser_plugins_serving_state{plugin="test.c.v1.x"}');
  expect(text).toContain('hawser_plugins_start_duration_seconds{plugin="test.a.v1.x"} 0.004');
  expect(text).toContain('hawser_plugins_worker_failed_rounds{plugin="test.b.v1.x",worker="w"} 3');
});

test('of a plugin that is disabled, and of a worker that is gone, nothing is told any more', async () => {
  const failing = report('test.b.v1.x', { status: 'failed', workers: [{ name: 'w', state: 'failed', rounds: 4, failures: 3 }] });
  let reports = [failing];
  const metrics = countedMetrics();
  using _observer = observeAgent(metrics, { ...agent, reports: () => reports });
  const told = async () => (await metrics.expose()).text.split('\n').filter((line) => line.includes('test.b.v1.x'));
  expect(await told()).toContain('hawser_plugins_serving_state{plugin="test.b.v1.x"} 0');
  reports = [report('test.b.v1.x', { status: 'disabled', startMs: 0 })];
  expect(await told()).toEqual([]);
});

test('the process and its event loop are seen under the names that dashboards know', async () => {
  const { text } = await (await start({})).expose();
  for (const name of [
    'process_cpu_seconds_total',
    'process_resident_memory_bytes',
    'process_start_time_seconds',
    'nodejs_eventloop_lag_seconds',
  ])
    expect(text).toMatch(new RegExp(`^${name}(\\{.*\\})? [0-9.e-]+$`, 'm'));
});

test('it is served at the configured address and nowhere else, and only to be read', async () => {
  const address = `127.0.0.1:${await freePort()}`;
  await start({ address });
  const response = await fetch(`http://${address}/metrics`);
  expect([response.status, response.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/plain')]);
  expect(await response.text()).toContain('hawser_agent_ready_state 1');
  expect((await fetch(`http://${address}/`)).status).toBe(404);
  expect((await fetch(`http://${address}/metrics`, { method: 'POST' })).status).toBe(405);
});

test('an address that is taken is told by a code', async () => {
  const address = `127.0.0.1:${await freePort()}`;
  const other = createServer().listen(Number(address.split(':')[1]), '127.0.0.1');
  await once(other, 'listening');
  const context = { clock: systemClock, random: systemRandom };
  kernel = await boot({ plugins, config: config({ address }), context, log: pino({ level: 'silent' }) });
  expect(kernel.reports().find(({ uri }) => uri === URI)).toMatchObject({ status: 'failed', error: { code: 'telemetry.address_in_use' } });
  other.close();
});

test('a reload moves the address while it runs, and what is counted stays', async () => {
  const metrics = await start({});
  metrics.counter({ name: 'hawser_test_calls_total', help: 'Calls.' }).add(5);
  const address = `127.0.0.1:${await freePort()}`;
  await kernel?.reload({ plugins, config: config({ address }) });
  expect(await (await fetch(`http://${address}/metrics`)).text()).toContain('hawser_test_calls_total 5');
  await kernel?.reload({ plugins, config: config({}) });
  await expect(fetch(`http://${address}/metrics`)).rejects.toThrow('fetch failed');
});

test('a reload opens it to all interfaces on the port that it has', async () => {
  const port = await freePort();
  const metrics = await start({ address: `127.0.0.1:${port}` });
  metrics.counter({ name: 'hawser_test_calls_total', help: 'Calls.' }).add(5);
  await kernel?.reload({ plugins, config: config({ address: `0.0.0.0:${port}` }) });
  expect(await (await fetch(`http://127.0.0.2:${port}/metrics`)).text()).toContain('hawser_test_calls_total 5');
  await kernel?.reload({ plugins, config: config({ address: `127.0.0.1:${port}` }) });
  await expect(fetch(`http://127.0.0.2:${port}/metrics`)).rejects.toThrow('fetch failed');
  expect(await (await fetch(`http://127.0.0.1:${port}/metrics`)).text()).toContain('hawser_test_calls_total 5');
});

test('a reload to an address that this machine has not is refused, and it is served where it was, also on the same port', async () => {
  const port = await freePort();
  await start({ address: `127.0.0.1:${port}` });
  await expect(kernel?.reload({ plugins, config: config({ address: `192.0.2.1:${port}` }) })).rejects.toThrow('192.0.2.1');
  expect((await fetch(`http://127.0.0.1:${port}/metrics`)).status).toBe(200);
});
