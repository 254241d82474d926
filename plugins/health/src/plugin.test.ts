import { existsSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import http2 from 'node:http2';
import { connect as connectSocket, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { once } from 'node:events';
import { credentials, loadPackageDefinition, type ServiceClientConstructor } from '@grpc/grpc-js';
import { boot, definePlugin, defineToken, type Kernel } from '@hawser/core';
import { AgentState, Gc, Health, Metadata } from '@hawser/core/contracts';
import { describePluginContract, fakePlugin, testContext, type TestContext } from '@hawser/core/testing';
import { service } from 'grpc-health-check';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import plugin from './index.ts';

const store = { stuck: false };
const metadata = {
  write: (_store: string, fn: (tx: never) => unknown) =>
    store.stuck ? new Promise(() => {}) : Promise.resolve(fn({ put: () => undefined, refuseWhenFull: () => undefined } as never)),
};
const fakes = () => [
  fakePlugin(Metadata, 'fake', metadata as never),
  fakePlugin(Gc, 'fake', { status: () => ({ running: false, condemned: [] }) } as never),
];

describePluginContract(plugin, { module: new URL('index.ts', import.meta.url), requires: fakes });

const URI = 'hawser.health.v1.monitor';
const Job = defineToken<object>()('test.job.v1');
let kernel: Kernel | undefined;
let phase: 'starting' | 'ready' | 'stopping';
let changed: () => void;
let context: TestContext;
let folder: string;

/** A worker that hangs while it is told to. */
let job: Promise<void>;
const worker = definePlugin({
  provides: Job,
  id: 'worker',
  summary: 'Works.',
  start: ({ scope }) => {
    scope.spawn('w', () => job, { everyMs: 5, deadlineMs: 20 });
    return {};
  },
});

beforeEach(async () => {
  store.stuck = false;
  phase = 'ready';
  changed = () => undefined;
  job = Promise.resolve();
  context = testContext();
  folder = await mkdtemp(join(tmpdir(), 'hwt-health-'));
});
afterEach(async () => {
  await kernel?.stop('the test is over');
  kernel = undefined;
  await rm(folder, { recursive: true });
});

async function start(table: Readonly<Record<string, unknown>>): Promise<Health> {
  const agent: AgentState = {
    name: 'a',
    version: '1',
    coreVersion: '1',
    phase: () => phase,
    reports: () => kernel?.reports() ?? [],
    onChange: (listener) => {
      changed = listener;
      return { [Symbol.dispose]: () => undefined };
    },
  };
  const settings = plugin.config?.parse({ interval: '10ms', store_deadline: '30ms', ...table });
  kernel = await boot({
    plugins: [plugin, worker, ...fakes(), fakePlugin(AgentState, 'self', agent)],
    config: { settings: new Map([[URI, settings]]), configured: new Set(), disabled: new Set(), required: new Set() },
    context,
    log: pino({ level: 'silent' }),
  });
  return kernel.get(Health) ?? expect.fail(JSON.stringify(kernel.reports()));
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : expect.fail();
}

describe('over HTTP at the configured address', () => {
  let url: string;
  const get = async (path: string) => {
    const response = await fetch(`${url}${path}`);
    return [response.status, await response.json()];
  };
  beforeEach(async () => {
    const address = `127.0.0.1:${await freePort()}`;
    url = `http://${address}`;
    await start({ address });
  });

  test('an agent that is well says so, and with ?verbose all that was looked at', async () => {
    await context.clock.advance(100);
    expect(await get('/livez')).toEqual([200, { status: 'ok' }]);
    expect(await get('/readyz')).toEqual([200, { status: 'ok' }]);
    const names = expect.arrayContaining(
      ['agent', 'store.root', 'store.state', 'collector', URI, 'test.job.v1.worker#w'].map((name) => expect.objectContaining({ name })),
    );
    expect(await get('/healthz?verbose')).toEqual([200, { status: 'ok', checks: names }]);
  });

  test('a store that is killed turns all three', async () => {
    store.stuck = true;
    await context.clock.advance(50);
    expect(await get('/livez')).toEqual([503, { status: 'failed', checks: [expect.objectContaining({ name: 'store.state' })] }]);
    expect((await get('/readyz'))[0]).toBe(503);
    expect((await get('/healthz'))[0]).toBe(503);
  });

  test('a worker that is killed turns them too', async () => {
    const gate = Promise.withResolvers<void>();
    job = gate.promise;
    await context.clock.advance(50);
    expect(await get('/livez')).toEqual([503, { status: 'failed', checks: [expect.objectContaining({ name: 'test.job.v1.worker#w' })] }]);
    gate.resolve();
  });
});

describe('over gRPC', () => {
  // The service as the library has it, so that its own client asks.
  const Client = loadPackageDefinition({ Health: service })['Health'] as ServiceClientConstructor;
  const connect = (address: string) => new Client(address, credentials.createInsecure());
  const check = (client: InstanceType<typeof Client>, name: string): Promise<{ readonly status: string }> =>
    new Promise((resolve, reject) => {
      const call = client['check']?.bind(client) as (
        request: object,
        done: (error: Error | null, answer: { readonly status: string }) => void,
      ) => void;
      call({ service: name }, (error, answer) => (error === null ? resolve(answer) : reject(error)));
    });

  test('Check and Watch tell when the store is killed', async () => {
    const address = `unix://${join(folder, 'health.sock')}`;
    await start({ grpc_address: address });
    const client = connect(address);
    try {
      for (const name of ['', 'liveness', 'readiness', 'health']) expect(await check(client, name)).toEqual({ status: 'SERVING' });
      await expect(check(client, 'nothing')).rejects.toThrow('NOT_FOUND');
      const watch = client['watch']?.bind(client) as (request: object) => AsyncIterable<{ readonly status: string }> & { cancel(): void };
      const stream = watch({ service: 'liveness' });
      const seen: string[] = [];
      for await (const { status } of stream) {
        seen.push(status);
        if (status === 'NOT_SERVING') break;
        store.stuck = true;
        await context.clock.advance(50);
      }
      expect(seen).toEqual(['SERVING', 'NOT_SERVING']);
    } finally {
      client.close();
    }
  });

  test('Check tells what is so when it is asked, Watch when it changes: neither waits for a beat', async () => {
    const address = `unix://${join(folder, 'health.sock')}`;
    phase = 'starting';
    await start({ grpc_address: address, interval: '1h' });
    const client = connect(address);
    try {
      expect(await check(client, 'readiness')).toEqual({ status: 'NOT_SERVING' });
      phase = 'ready';
      expect(await check(client, 'readiness')).toEqual({ status: 'SERVING' });
      const watch = client['watch']?.bind(client) as (request: object) => AsyncIterable<{ readonly status: string }>;
      const seen: string[] = [];
      for await (const { status } of watch({ service: '' })) {
        seen.push(status);
        if (status === 'NOT_SERVING') break;
        phase = 'stopping';
        changed();
      }
      expect(seen).toEqual(['SERVING', 'NOT_SERVING']);
    } finally {
      client.close();
    }
  });

  test('whoever reaches it gets a bounded part of the agent, and the others their answers', async () => {
    const path = join(folder, 'health.sock');
    await start({ grpc_address: `unix://${path}` });
    const session = http2.connect('http://localhost', { createConnection: () => connectSocket(path) });
    session.on('error', () => undefined);
    await once(session, 'remoteSettings');
    expect(session.remoteSettings.maxConcurrentStreams).toBeLessThanOrEqual(100);
    const silent = Array.from({ length: 300 }, () =>
      connectSocket(path)
        .resume()
        .on('error', () => undefined),
    );
    const refused = () => silent.filter(({ closed }) => closed).length;
    await expect.poll(refused).toBeGreaterThan(100);
    const client = connect(`unix://${path}`);
    expect(await check(client, '')).toEqual({ status: 'SERVING' });
    client.close();
    for (const socket of silent) socket.destroy();
    session.destroy();
  });

  test('the socket that a dead agent has left is taken over, one that is served is not', async () => {
    const path = join(folder, 'health.sock');
    const dead = createServer().listen(path);
    await once(dead, 'listening');
    await expect(start({ grpc_address: `unix://${path}` })).rejects.toThrow('health.grpc_failed');
    expect(kernel?.reports().find(({ uri }) => uri === URI)).toMatchObject({ status: 'failed', error: { code: 'health.grpc_failed' } });
    dead.close();
    await kernel?.stop('again');
    await start({ grpc_address: `unix://${path}` });
    expect(existsSync(path)).toBe(true);
  });
});
