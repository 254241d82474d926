import { type AnyPlugin, boot, type Kernel } from '@hawser/core';
import { Attachments, Events, Gc, Host, Leases, Metadata, Metrics, Snapshots } from '@hawser/core/contracts';
import { countedMetrics, fakePlugin, startCore, type TestCore, testContext } from '@hawser/core/testing';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { AttachmentEngine } from './engine.ts';
import attachments from './index.ts';
import { attachmentTopics } from './topics.ts';

let core: TestCore;
let kernel: Kernel;
const context = testContext();

beforeEach(async () => {
  core = await startCore({ context, topics: attachmentTopics });
});
afterEach(async () => {
  await kernel.stop('the test is over');
  await core[Symbol.asyncDispose]();
});

async function start(...more: readonly AnyPlugin[]): Promise<Attachments> {
  const fakes = [
    fakePlugin(Metadata, 'fake', core.metadata),
    fakePlugin(Events, 'fake', core.events),
    fakePlugin(Leases, 'fake', core.leases),
    fakePlugin(Snapshots, 'fake', core.snapshots),
    fakePlugin(Gc, 'fake', core.gc),
    fakePlugin(Host, 'fake', { kind: 'simulated' } as Host),
  ];
  const settings = new Map([['hawser.attachments.v1.engine', attachments.config?.parse({})]]);
  const config = { settings, configured: new Set<string>(), disabled: new Set<string>(), required: new Set<string>() };
  kernel = await context.clock.runUntil(
    boot({ plugins: [...fakes, attachments, ...more], config, context, log: pino({ level: 'silent' }) }),
  );
  return kernel.get(Attachments) ?? expect.fail(JSON.stringify(kernel.reports()));
}

test('without a provider of metrics and without an SDK nothing is around the engine: counting and tracing cost nothing', async () => {
  expect(await start()).toBeInstanceOf(AttachmentEngine);
});

test('with a provider its attachments are counted until it stops', async () => {
  const metrics = countedMetrics();
  const engine = await start(fakePlugin(Metrics, 'fake', metrics));
  expect(engine).not.toBeInstanceOf(AttachmentEngine);
  await engine.detach({ containerId: 'nobody', ifname: 'eth0', network: 'pods' }, { signal: new AbortController().signal, requestId: 'r' });
  expect(metrics.values.get('hawser_attachments_calls_total{verb="detach",mode="",code="ok"}')).toBe(1);
});
