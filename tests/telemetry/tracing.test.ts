import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import attachments from '@hawser/attachments';
import cni from '@hawser/cni';
import { loadConfig, systemClock, systemRandom } from '@hawser/core';
import { type Agent, corePlugins, startAgent } from '@hawser/core/agent';
import { Host } from '@hawser/core/contracts';
import simulated from '@hawser/host-simulated';
import range from '@hawser/ipam-range';
import bridge from '@hawser/mode-bridge';
import { context, trace } from '@opentelemetry/api';
import { AsyncLocalStorageContextManager } from '@opentelemetry/context-async-hooks';
import { BasicTracerProvider, InMemorySpanExporter, type ReadableSpan, SimpleSpanProcessor } from '@opentelemetry/sdk-trace-base';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';

const EXECUTABLE = join(import.meta.dirname, '../../plugins/cni/src/hawser-cni.ts');
const TRACE = '0af7651916cd43dd8448eb211c80319c';
const PARENT = 'b7ad6b7169203331';
const NETNS = '/run/netns/hwt-pod';

const exporter = new InMemorySpanExporter();
let folder: string;
let agent: Agent;

/** As docs/metrics.md says: the SDK first, then the agent. */
beforeEach(async () => {
  context.setGlobalContextManager(new AsyncLocalStorageContextManager().enable());
  trace.setGlobalTracerProvider(new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(exporter)] }));
  folder = await mkdtemp(join(tmpdir(), 'hwt-trace-'));
  const file = join(folder, 'config.toml');
  await writeFile(
    file,
    `version = 1
root = "${folder}/root"
state = "${folder}/state"
[plugins."hawser.host.v1.simulated"]
[plugins."hawser.mode.v1.bridge"]
[plugins."hawser.ipam.v1.range"]
ranges = ["10.88.0.0/24"]
`,
  );
  const plugins = [...corePlugins, simulated, range, bridge, attachments, cni];
  agent = await startAgent({
    name: 'test',
    version: '1',
    config: await loadConfig({ file, plugins, missingOk: false }),
    context: { clock: systemClock, random: systemRandom },
    log: pino({ level: 'silent' }),
  });
  await agent.get(Host)?.createNamespace(NETNS);
});
afterEach(async () => {
  await agent.get(Host)?.deleteNamespace(NETNS);
  await agent.stop('the test is over');
  await rm(folder, { recursive: true });
  trace.disable();
  context.disable();
  exporter.reset();
});

/** A call as a runtime makes it that is itself a part of a trace. */
async function call(command: 'ADD' | 'DEL', containerId: string, { traceId = TRACE, netns = NETNS } = {}): Promise<void> {
  const environment = {
    CNI_COMMAND: command,
    CNI_CONTAINERID: containerId,
    CNI_IFNAME: 'eth0',
    CNI_NETNS: netns,
    CNI_PATH: '/opt/cni/bin',
    CNI_ARGS: 'K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web',
    TRACEPARENT: `00-${traceId}-${PARENT}-01`,
    TRACESTATE: 'vendor=1',
  };
  const child = spawn(process.execPath, [EXECUTABLE], { env: environment, stdio: ['pipe', 'pipe', 'inherit'] });
  child.stdin.end(JSON.stringify({ cniVersion: '1.0.0', name: 'pods', type: 'hawser-cni', socket: `${folder}/state/cni.sock` }));
  const output = await text(child.stdout);
  expect(output).not.toContain('"code"');
}

const named = (spans: readonly ReadableSpan[], name: string): ReadableSpan =>
  spans.find((span) => span.name === name) ?? expect.fail(`no span ${name} among ${spans.map((span) => span.name).join(', ')}`);

/** Of the spans that this one is a part of, the innermost first. */
function namesAbove(spans: readonly ReadableSpan[], span: ReadableSpan): readonly string[] {
  const parent = spans.find((one) => one.spanContext().spanId === span.parentSpanContext?.spanId);
  return parent === undefined ? [] : [parent.name, ...namesAbove(spans, parent)];
}

test('one ADD is one trace from the executable over endpoint, engine, store and mode to the kernel call', async () => {
  exporter.reset();
  await call('ADD', 'c1');
  const all = exporter.getFinishedSpans();
  const spans = all.filter((span) => span.spanContext().traceId === TRACE);
  const above = (span: ReadableSpan): readonly string[] => namesAbove(spans, span);
  const add = named(spans, 'hawser.cni.add');
  expect(add.parentSpanContext).toMatchObject({ spanId: PARENT, isRemote: true });
  expect(add.attributes).toMatchObject({
    containerId: 'c1',
    ifname: 'eth0',
    network: 'pods',
    podNamespace: 'shop',
    podName: 'web',
    requestId: expect.any(String),
  });
  const engine = named(spans, 'hawser.attachments.attach');
  expect(engine.attributes['requestId']).toBe(add.attributes['requestId']);
  expect(above(engine)).toEqual(['hawser.cni.add']);
  expect(spans.filter(({ name }) => name === 'hawser.metadata.write').map(above)).toEqual(
    Array.from({ length: 2 }, () => ['hawser.attachments.attach', 'hawser.cni.add']),
  );
  const mode = named(spans, 'hawser.mode.attach');
  expect(mode.attributes).toMatchObject({ mode: 'bridge', containerId: 'c1' });
  expect(above(named(spans, 'hawser.host.create_veth'))).toEqual(['hawser.mode.attach', 'hawser.attachments.attach', 'hawser.cni.add']);
});

test('one DEL is one trace to the end of its link', async () => {
  await call('ADD', 'c2');
  exporter.reset();
  await call('DEL', 'c2');
  const spans = exporter.getFinishedSpans().filter((span) => span.spanContext().traceId === TRACE);
  expect(spans.map(({ name }) => name)).toEqual(
    expect.arrayContaining(['hawser.cni.del', 'hawser.attachments.detach', 'hawser.metadata.write']),
  );
});

test('of DELs at once, which share commits, each is a trace of its own to the kernel call', async () => {
  const pods = ['c3', 'c4', 'c5', 'c6'].map((id, index) => ({
    id,
    traceId: TRACE.replace('0', `${index + 1}`),
    netns: `/run/netns/hwt-${id}`,
  }));
  for (const { id, netns } of pods) {
    await agent.get(Host)?.createNamespace(netns);
    await call('ADD', id, { netns });
  }
  exporter.reset();
  await Promise.all(pods.map(({ id, ...where }) => call('DEL', id, where)));
  for (const { id, traceId } of pods) {
    const spans = exporter.getFinishedSpans().filter((span) => span.spanContext().traceId === traceId);
    const detached = spans.filter(({ name }) => name === 'hawser.mode.detach');
    expect(detached.map(({ attributes }) => attributes['containerId'])).toEqual([id]);
    expect(namesAbove(spans, named(spans, 'hawser.host.retire_link'))).toEqual([
      'hawser.mode.detach',
      'hawser.attachments.detach',
      'hawser.cni.del',
    ]);
  }
});
