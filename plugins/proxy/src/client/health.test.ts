import { createServer, type Server, type Socket } from 'node:net';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Bench, never, request } from '../testing/bench.ts';
import { toStatus } from '../wire/status.ts';
import { HawserError, Secret } from '@hawser/core';

let bench: Bench;
beforeEach(async () => {
  bench = await Bench.open();
});
afterEach(() => bench[Symbol.asyncDispose]());

const status = () => [bench.report.status, bench.report.error?.code ?? bench.report.reason];
const isOk = () => bench.report.status === 'ok';
const isDegraded = () => bench.report.status === 'degraded';

describe('a plugin in another process, at start', () => {
  it('says who it is, gets its config, and is ok', async () => {
    await bench.peer.start();
    await bench.boot();
    expect(status()).toEqual(['ok', undefined]);
    expect(bench.peer.calls.map(({ method }) => method)).toEqual(['Plugin.Handshake', 'Health.Check']);
    expect(bench.peer.calls[0]?.request).toMatchObject({ apiVersions: [1], uri: 'hawser.mode.v1.acme', contract: 'hawser.mode.v1' });
    expect(bench.peer.calls[0]?.request['config']).toEqual({ fields: { vlan: { numberValue: 7 } } });
    expect(bench.logged.join()).toContain('"name":"fake","version":"1.0.0","msg":"connected"');
  });

  it('gets its secrets with its config, and nothing tells them', async () => {
    await bench.peer.start();
    await bench.boot('hawser.mode.v1', { secrets: { token: new Secret('canary') } });
    expect(bench.peer.calls[0]?.request['config']).toEqual({ fields: { vlan: { numberValue: 7 }, token: { stringValue: 'canary' } } });
    expect(JSON.stringify([bench.report, bench.logged])).not.toContain('canary');
  });

  it('that isn’t there yet keeps nobody waiting: it is pending, then ok as soon as it is there', async () => {
    await bench.boot();
    expect(status()).toEqual(['pending', expect.stringContaining("can't be reached")]);
    await bench.peer.start();
    await bench.inTime(isOk);
  });

  it('that does not come is degraded, not ok, with what is the matter and what to do', async () => {
    await bench.boot();
    await bench.inTime(isDegraded, 500);
    expect(bench.report.error).toMatchObject({
      code: 'proxy.unreachable',
      message: expect.stringMatching(/can't be reached: connect ENOENT \S+\.sock$/),
      remedy: expect.stringContaining('Start the process'),
    });
    await expect(
      bench.mode.attach({ ...request(), id: 'x', network: 'n', mode: 'acme', settings: {}, claims: [] }, never),
    ).rejects.toMatchObject({
      code: 'proxy.unreachable',
      kind: 'Unavailable',
    });
  });

  it.each([
    [
      'another version of the API',
      { apiVersion: 2, name: 'fake', version: '2.0', contracts: ['hawser.mode.v1'] },
      'speaks version 2 of the API, this agent 1',
    ],
    ['none', { name: 'fake', version: '2.0', contracts: ['hawser.mode.v1'] }, 'speaks version 0 of the API'],
    [
      'another contract',
      { apiVersion: 1, name: 'fake', version: '2.0', contracts: ['hawser.ipam.v1'] },
      'serves hawser.ipam.v1, not hawser.mode.v1',
    ],
    ['no contract', { apiVersion: 1, name: 'fake', version: '2.0' }, 'serves nothing, not hawser.mode.v1'],
  ])('that speaks %s has failed', async (_, answer, message) => {
    bench.peer.does['Plugin.Handshake'] = (call) => call.answer(answer);
    await bench.peer.start();
    await bench.boot();
    expect(bench.report).toMatchObject({
      status: 'failed',
      error: { code: 'proxy.incompatible', message: expect.stringContaining(message) },
    });
  });

  it('without a health service has failed', async () => {
    await bench.peer.start(['grpc.health.v1.Health']);
    await bench.boot();
    expect(bench.report).toMatchObject({
      status: 'failed',
      error: { code: 'proxy.incompatible', message: expect.stringContaining('Health/Check') },
    });
  });

  it('that knows nothing of this agent has failed', async () => {
    await bench.peer.start(['hawser.plugin.v1.Plugin']);
    await bench.boot();
    expect(bench.report).toMatchObject({
      status: 'failed',
      error: { code: 'proxy.incompatible', message: expect.stringContaining('Handshake') },
    });
  });

  it('that refuses its config has failed with its own words', async () => {
    bench.peer.does['Plugin.Handshake'] = (call) =>
      call.fail(
        toStatus(
          new HawserError('acme.no_such_vlan', { kind: 'InvalidArgument', remedy: 'Choose a vlan of this switch.' }, 'there is no vlan 7'),
        ),
      );
    await bench.peer.start();
    await bench.boot();
    expect(bench.report).toMatchObject({
      status: 'failed',
      error: { code: 'acme.no_such_vlan', message: 'there is no vlan 7', remedy: 'Choose a vlan of this switch.' },
    });
  });

  it('that says a name of control characters has told garbage', async () => {
    bench.peer.does['Plugin.Handshake'] = (call) =>
      call.answer({ apiVersion: 1, name: 'a\nb', version: '1', contracts: ['hawser.mode.v1'] });
    await bench.peer.start();
    await bench.boot();
    await bench.inTime(isDegraded, 500);
    expect(status()).toEqual(['degraded', 'proxy.bad_answer']);
  });

  it('that never answers holds up the boot for a second at most', async () => {
    bench.peer.does['Plugin.Handshake'] = () => undefined;
    bench.patienceMs = 100;
    await bench.peer.start();
    const began = bench.context.clock.monotonic();
    await bench.boot();
    expect(bench.context.clock.monotonic() - began).toBeLessThanOrEqual(1_000);
    expect(bench.report.status).toBe('pending');
    await bench.inTime(isDegraded, 500);
    expect(status()).toEqual(['degraded', 'proxy.deadline']);
  });
});

describe('a plugin in another process that serves', () => {
  beforeEach(async () => {
    await bench.peer.start();
    await bench.boot();
  });

  it('and dies is degraded at once, and ok again when it is back', async () => {
    expect(bench.mode.ready?.({ name: 'n' })).toBeUndefined();
    bench.peer.kill();
    await bench.until(isDegraded);
    expect(status()).toEqual(['degraded', 'proxy.unreachable']);
    expect(() => bench.mode.ready?.({ name: 'n' })).toThrow(expect.objectContaining({ code: 'proxy.unreachable' }));
    await bench.peer.start();
    await bench.inTime(isOk);
    expect(bench.mode.ready?.({ name: 'n' })).toBeUndefined();
    expect(bench.peer.calls.filter(({ method }) => method === 'Plugin.Handshake')).toHaveLength(2);
  });

  it('and comes back is called at once, however long the next try is away', async () => {
    bench.peer.kill();
    await bench.until(isDegraded);
    await bench.inTime(() => bench.context.clock.monotonic() > 60_000, 1_000);
    bench.peer.does['Mode.Settings'] = (call) => call.answer({});
    await bench.peer.start();
    expect(await bench.mode.settings?.(request(), never)).toEqual({});
    await bench.until(isOk);
  });

  it('and comes back as another one is degraded until it is the right one', async () => {
    const { 'Plugin.Handshake': right } = bench.peer.does;
    bench.peer.kill();
    await bench.until(isDegraded);
    bench.peer.does['Plugin.Handshake'] = (call) =>
      call.answer({ apiVersion: 1, name: 'other', version: '1', contracts: ['hawser.ipam.v1'] });
    await bench.peer.start();
    await bench.inTime(() => bench.report.error?.code === 'proxy.incompatible');
    await expect(bench.mode.settings?.(request(), never)).rejects.toMatchObject({ code: 'proxy.incompatible' });
    bench.peer.does['Plugin.Handshake'] = right ?? (() => undefined);
    await bench.inTime(isOk);
  });

  it('is tried again after longer and longer, five seconds at most, and told of once', async () => {
    bench.peer.kill();
    await bench.until(isDegraded);
    const before = bench.reports.length;
    await bench.inTime(() => bench.context.clock.monotonic() > 60_000, 500);
    expect(bench.reports.length - before).toBeLessThanOrEqual(1);
    expect(bench.logged.filter((line) => line.includes('"degraded"')).length).toBeLessThanOrEqual(2);
  });

  it('is degraded when it says so, and ok when it says so', async () => {
    bench.peer.does['Health.Check'] = (call) => call.answer({ status: 'NOT_SERVING' });
    await bench.inTime(isDegraded, 500);
    expect(bench.report.error).toMatchObject({ code: 'proxy.not_serving', message: expect.stringContaining('NOT_SERVING') });
    bench.peer.does['Health.Check'] = (call) => call.answer({ status: 'SERVING' });
    await bench.inTime(isOk, 500);
    expect(bench.peer.calls.filter(({ method }) => method === 'Plugin.Handshake')).toHaveLength(1);
  });

  it('and hangs is degraded within interval and deadline, then connected to anew', async () => {
    bench.peer.does['Health.Check'] = () => undefined;
    const began = bench.context.clock.monotonic();
    await bench.inTime(isDegraded, 250);
    expect(bench.context.clock.monotonic() - began).toBeLessThanOrEqual(7_500);
    expect(status()).toEqual(['degraded', 'proxy.deadline']);
    bench.peer.does['Mode.Settings'] = () => undefined;
    await bench.inTime(() => bench.peer.calls.filter(({ method }) => method === 'Plugin.Handshake').length > 1, 250);
    bench.peer.does['Health.Check'] = (call) => call.answer({ status: 'SERVING' });
    await bench.inTime(isOk, 250);
  });

  it.each([
    ['garbage', (call: { answerBytes(bytes: Uint8Array): void }) => call.answerBytes(Buffer.from([0xff, 0xff, 0xff]))],
    ['a status that nobody knows', (call: { answerBytes(bytes: Uint8Array): void }) => call.answerBytes(Buffer.from([8, 77]))],
  ])('and answers %s when asked for its health is degraded', async (_, behaviour) => {
    bench.peer.does['Health.Check'] = behaviour;
    await bench.inTime(isDegraded, 500);
    expect(status()).toEqual(['degraded', 'proxy.bad_answer']);
  });
});

describe('what listens at the socket and is no gRPC', () => {
  let server: Server;
  const sockets = new Set<Socket>();
  const listen = async (onConnection: (socket: Socket) => void) => {
    bench.patienceMs = 100;
    server = createServer((socket) => {
      sockets.add(socket.on('error', () => undefined));
      onConnection(socket);
    });
    await new Promise<void>((resolve) => server.listen(bench.peer.socket, resolve));
  };
  afterEach(async () => {
    for (const socket of sockets) socket.destroy();
    await new Promise((resolve) => server.close(resolve));
  });

  it('is connected to after longer and longer, five seconds at most', async () => {
    await listen((socket) => void socket.destroy());
    const pauses = vi.spyOn(bench.context.clock, 'sleep');
    await bench.boot();
    await bench.inTime(() => pauses.mock.calls.length >= 9, 100);
    expect(pauses.mock.calls.slice(0, 9).map(([ms]) => ms)).toEqual([100, 200, 400, 800, 1_600, 3_200, 5_000, 5_000, 5_000]);
  });

  it.each([
    ['says nothing', () => undefined],
    ['closes at once', (socket: Socket) => socket.destroy()],
    ['talks another protocol', (socket: Socket) => void socket.write('220 mail.example ESMTP\r\n')],
    ['throws garbage', (socket: Socket) => void socket.write(Buffer.alloc(100_000, 0xa5))],
    [
      'begins as HTTP/2 and ends in garbage',
      (socket: Socket) => void socket.write(Buffer.from('000000040000000000ffffffff0102030405', 'hex')),
    ],
  ])('and %s is degraded, and harms nobody', async (_, behaviour) => {
    await listen(behaviour);
    await bench.boot();
    expect(bench.report.status).toBe('pending');
    await bench.inTime(isDegraded, 500);
    expect(bench.report.error?.code).toMatch(/^proxy\.(unreachable|deadline|call_failed|bad_answer)$/);
    await expect(bench.context.clock.runUntil(Promise.resolve(bench.mode.settings?.(request(), never)))).rejects.toBeInstanceOf(
      HawserError,
    );
  });
});
