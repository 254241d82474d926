import { type AnyPlugin, boot, type Kernel, systemContext } from '@hawser/core';
import { Attachments, Host, Metrics, NetworkMode } from '@hawser/core/contracts';
import { attachmentErrors } from '@hawser/core/network';
import {
  countedMetrics,
  describePluginContract,
  FakeMode,
  fakeHost,
  fakePlugin,
  providersOf,
  startCore,
  type TestCore,
  testContext,
} from '@hawser/core/testing';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { AttachmentEngine } from './engine.ts';
import attachments from './index.ts';
import { attachmentTopics } from './topics.ts';

const opened: TestCore[] = [];

describePluginContract(attachments, {
  module: new URL('index.ts', import.meta.url),
  async requires() {
    const own = await startCore({ context: systemContext, topics: attachmentTopics });
    opened.push(own);
    return [...providersOf(own), fakePlugin(Host, 'fake', fakeHost())];
  },
  async release() {
    for (const own of opened.splice(0)) await own[Symbol.asyncDispose]();
  },
  calls: (engine) => [
    engine.attach(
      { containerId: 'c', ifname: 'eth0', netns: '/ns/c', network: { name: 'n', settings: {}, capabilities: {} }, staticIps: [] },
      { signal: AbortSignal.timeout(60_000), requestId: 'r' },
    ),
    engine.list(),
  ],
});

let core: TestCore;
let kernel: Kernel;
let lines: string[];
const context = testContext();

describe('in an agent', () => {
  beforeEach(async () => {
    lines = [];
    own = {};
    core = await startCore({ context, topics: attachmentTopics });
  });
  afterEach(async () => {
    await kernel.stop('the test is over');
    await core[Symbol.asyncDispose]();
  });

  let own: Record<string, unknown>;

  async function start(...more: readonly AnyPlugin[]): Promise<Attachments> {
    const fakes = [...providersOf(core), fakePlugin(Host, 'fake', fakeHost())];
    const settings = new Map([['hawser.attachments.v1.engine', attachments.config?.parse(own)]]);
    const config = { settings, configured: new Set<string>(), disabled: new Set<string>(), required: new Set<string>() };
    kernel = await context.clock.runUntil(
      boot({ plugins: [...fakes, attachments, ...more], config, context, log: pino({}, { write: (line) => void lines.push(line) }) }),
    );
    return kernel.get(Attachments) ?? expect.fail(JSON.stringify(kernel.reports()));
  }

  test('without a provider of metrics and without an SDK nothing is around the engine: counting and tracing cost nothing', async () => {
    expect(await start()).toBeInstanceOf(AttachmentEngine);
  });

  test('without a mode it says so at its start and to who asks, with what helps', async () => {
    const engine = await start();
    const told = { message: 'no network mode is on', remedy: expect.stringContaining('Give a mode a table in the config') };
    expect(() => engine.ready()).toThrow(expect.objectContaining({ code: 'attachments.not_ready', ...told }));
    expect(lines.map((line): unknown => JSON.parse(line))).toContainEqual(
      expect.objectContaining({ level: 40, msg: told.message, remedy: told.remedy }),
    );
  });

  test('where the mode of networks that name none is not on it says so at its start', async () => {
    own = { default_mode: 'brigde' };
    await start(fakePlugin(NetworkMode, 'bridge', new FakeMode(core.claims)));
    const told = { code: 'attachments.unknown_mode', msg: "the mode 'brigde' is not in this agent; on: bridge" };
    expect(lines.map((line): unknown => JSON.parse(line))).toContainEqual(expect.objectContaining({ level: 40, ...told }));
  });

  test('is not ready for a network whose mode is not on, and says which are', async () => {
    const engine = await start(fakePlugin(NetworkMode, 'bridge', new FakeMode(core.claims)));
    expect(engine.ready()).toBeUndefined();
    expect(engine.ready({ name: 'pods' })).toBeUndefined();
    const told = { code: 'attachments.unknown_mode', message: "the mode 'nope' is not in this agent; on: bridge" };
    expect(() => engine.ready({ name: 'pods', mode: 'nope' })).toThrow(expect.objectContaining(told));
  });

  test('is not ready for a network that its mode can attach nothing to', async () => {
    const mode = new FakeMode(core.claims);
    const asked: unknown[] = [];
    mode.ready = (network) => {
      asked.push(network);
      if (network.settings !== undefined) throw attachmentErrors.notReady('the address plugin is gone');
    };
    const engine = await start(fakePlugin(NetworkMode, 'fake', mode));
    expect(engine.ready({ name: 'pods' })).toBeUndefined();
    const told = { code: 'attachments.not_ready', message: 'the address plugin is gone' };
    expect(() => engine.ready({ name: 'pods', settings: { ipam: {} } })).toThrow(expect.objectContaining(told));
    expect(asked).toEqual([{ name: 'pods' }, { name: 'pods', settings: { ipam: {} } }]);
    expect(engine.ready()).toBeUndefined();
  });

  test('with a provider its attachments are counted until it stops', async () => {
    const metrics = countedMetrics();
    const engine = await start(fakePlugin(Metrics, 'fake', metrics));
    expect(engine).not.toBeInstanceOf(AttachmentEngine);
    await engine.detach(
      { containerId: 'nobody', ifname: 'eth0', network: 'pods' },
      { signal: new AbortController().signal, requestId: 'r' },
    );
    expect(metrics.values.get('hawser_attachments_calls_total{verb="detach",mode="",code="ok"}')).toBe(1);
  });
});
