import { mkdtemp, rm, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isListenedOn, systemClock, systemRandom } from '../context/index.ts';
import { Events } from '../events/events.ts';
import { Gc } from '../gc/gc.ts';
import { Leases } from '../leases/leases.ts';
import { Metadata } from '../metadata/store.ts';
import { Attachments } from '../network/index.ts';
import type { PluginReport } from '../plugin/status.ts';
import { heldClock } from '../testing/held-clock.ts';
import { agentView } from './agent-view.fixture.ts';
import { openClient } from './open-client.ts';
import { type ApiServer, serveApi } from './server.ts';
import type { AgentView } from './service.ts';
import { events, fakeLeases, hanging, metadata } from './services.fixture.ts';

const failed: PluginReport = {
  uri: 'hawser.gc.v1.sweep',
  type: Gc.id,
  id: 'sweep',
  summary: '',
  stability: 'beta',
  status: 'failed',
  error: { code: 'gc.broken', message: 'it is broken', remedy: 'Mend it.' },
  startMs: 1,
  requires: [],
  provides: Gc.id,
};

describe('the API at its socket', () => {
  let folder: string;
  let path: string;
  let phase: 'starting' | 'ready' | 'stopping';
  let server: ApiServer;
  const services = new Map<string, unknown>([
    [Leases.id, undefined],
    [Metadata.id, metadata],
    [Events.id, events],
    [Attachments.id, hanging],
  ]);
  const log = pino({ level: 'silent' });
  const clock = { ...systemClock, now: () => 10 * 60_000 };
  const agent = agentView(services, {
    clock,
    phase: () => phase,
    reports: () => [failed],
    setLogLevel: (uri) => uri === failed.uri,
  });
  const serve = (view: AgentView = agent) => serveApi({ agent: view, path, log, random: systemRandom });
  const never = new AbortController().signal;

  const call = async (method: string, url: string, body?: string, headers: Record<string, string> = {}) => {
    const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
      const made = request(
        {
          socketPath: path,
          method,
          path: url,
          headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
          agent: false,
        },
        resolve,
      );
      made.once('error', reject);
      made.end(body);
    });
    const answer = await text(response);
    return { status: response.statusCode, headers: response.headers, body: answer === '' ? undefined : JSON.parse(answer) };
  };

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hwt-api-'));
    path = join(folder, 'hawser.sock');
    phase = 'ready';
    services.set(Leases.id, fakeLeases());
    server = await serve();
  });
  afterEach(async () => {
    await server[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  test('is closed to other users', async () => {
    expect((await stat(path)).mode & 0o777).toBe(0o600);
  });

  test('tells the versions and the phase', async () => {
    expect(await openClient({ socket: path }).version(never)).toMatchObject({
      agent: '1.2.3',
      core: '0.1.0',
      pid: process.pid,
      ready: true,
    });
    phase = 'starting';
    expect(await openClient({ socket: path }).version(never)).toMatchObject({ ready: false });
  });

  test('a lease is made, shown, listed, renewed and deleted', async () => {
    const { leases } = openClient({ socket: path });
    expect(await leases.create({ id: 'a', expiresInMs: 1_000, labels: { x: 'y' } }, never)).toMatchObject({
      id: 'a',
      labels: { x: 'y' },
      store: 'state',
    });
    expect(await leases.get('a', never)).toMatchObject({ id: 'a', expiresAt: '1970-01-01T00:00:01.000Z' });
    expect(await leases.renew('a', 2_000, never)).toMatchObject({ expiresAt: '1970-01-01T00:00:02.000Z' });
    expect(await leases.list(never)).toHaveLength(1);
    await leases.delete('a', never);
    expect(await leases.list(never)).toEqual([]);
  });

  test('an error comes through with code, kind, remedy and details', async () => {
    const { leases } = openClient({ socket: path });
    await leases.create({ id: 'a' }, never);
    await expect(leases.create({ id: 'a' }, never)).rejects.toMatchObject({
      code: 'leases.already_exists',
      kind: 'AlreadyExists',
      remedy: 'Choose another id.',
      details: { lease: 'a', requestId: expect.stringMatching(/^\w{26}$/) },
    });
    await expect(leases.get('b', never)).rejects.toMatchObject({ kind: 'NotFound', message: 'there is no lease b' });
  });

  test('an error is a problem document with the id of the request', async () => {
    const answer = await call('GET', '/v1/leases/none', undefined, { 'x-request-id': 'mine-1' });
    expect(answer.status).toBe(404);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.headers['x-request-id']).toBe('mine-1');
    expect(answer.body).toMatchObject({
      type: 'urn:hawser:error:api.no_such_resource',
      title: 'Not found',
      status: 404,
      requestId: 'mine-1',
    });
  });

  test.each([
    ['POST', '/v1/leases', '{"id":', 400, 'api.bad_request'],
    ['POST', '/v1/leases', '[]', 400, 'api.bad_request'],
    ['POST', '/v1/leases', '{"id":1,"labels":{"a":2},"what":3}', 400, 'api.bad_request'],
    ['POST', '/v1/leases', '{"expiresInMs":-1}', 400, 'api.bad_request'],
    ['POST', '/v1/leases', '{"__proto__":{"id":"x"}}', 400, 'api.bad_request'],
    ['POST', '/v1/leases', `{"id":"${'x'.repeat(2 ** 20)}"}`, 413, 'api.too_large'],
    ['PATCH', '/v1/leases/%ff', '{}', 400, 'api.bad_request'],
    ['GET', '/v1/attachments/..%2f..%2fetc/eth0', undefined, 400, 'api.bad_request'],
    ['GET', '/v1/events?from=', undefined, 400, 'api.bad_request'],
    ['GET', '/v1/events?topic=what', undefined, 400, 'api.bad_request'],
    ['POST', '/v1/db/backup', '{"store":"root","folder":"here"}', 400, 'api.bad_request'],
    ['GET', '/v1/nothing', undefined, 404, 'api.no_such_resource'],
    ['GET', '/v1/gc', undefined, 503, 'api.service_unavailable'],
  ])('garbage: %s %s %.30s', async (method, url, body, status, code) => {
    const answer = await call(method, url, body);
    expect([answer.status, answer.body?.code]).toEqual([status, code]);
    expect(answer.body.remedy).toMatch(/\.$/);
  });

  test.each([
    ['PUT', '/v1/leases', 'GET, HEAD, POST'],
    ['PUT', '/v1/leases/some?x=y', 'DELETE, GET, HEAD, PATCH'],
    ['POST', '/v1/events', 'GET, HEAD'],
    ['DELETE', '/metrics', 'GET, HEAD'],
  ])('%s %s is told what the path has: %s', async (method, url, allowed) => {
    const answer = await call(method, url);
    expect([answer.status, answer.body.code, answer.headers['allow']]).toEqual([405, 'api.method_not_allowed', allowed]);
    expect(answer.body.details.allowed.join(', ')).toBe(allowed);
  });

  test('another content type is refused', async () => {
    expect((await call('POST', '/v1/leases', 'id: x', { 'content-type': 'application/yaml' })).status).toBe(415);
  });

  test('says why a service is not there', async () => {
    await expect(openClient({ socket: path }).gc.status(never)).rejects.toMatchObject({
      message: 'hawser.gc.v1 is not available: hawser.gc.v1.sweep is failed: it is broken',
    });
  });

  test('a request that asks for too much at once is told so, not that there is no agent', async () => {
    const long = openClient({ socket: path }).leases.page(never, { filters: ['x'.repeat(20_000)] });
    await expect(long).rejects.toMatchObject({ code: 'api.too_large', remedy: expect.stringContaining('filters') as string });
  });

  test('bytes that are not HTTP are answered and harm nobody', async () => {
    for (const garbage of ['\0\u0001\u0002', 'GET\r\n\r\n', 'x'.repeat(100_000), 'POST /v1/leases HTTP/1.1\r\nContent-Length: x\r\n\r\n']) {
      const socket = connect(path);
      socket.on('error', () => undefined);
      socket.end(garbage);
      const answer = await text(socket);
      expect(answer).toMatch(/^(HTTP\/1\.1 (400|431)|$)/);
      if (answer !== '') expect(answer).toMatch(/"requestId":"[^"]+"/);
    }
    expect((await call('GET', '/livez')).status).toBe(200);
  });

  test('serves many at once', async () => {
    const { leases } = openClient({ socket: path });
    await Promise.all(Array.from({ length: 100 }, (_, index) => leases.create({ id: `l${index}` }, never)));
    expect(await leases.list(never)).toHaveLength(100);
  });

  test('probes tell the phase and what has failed', async () => {
    expect((await call('GET', '/readyz')).status).toBe(200);
    expect(await call('GET', '/healthz?verbose')).toMatchObject({
      status: 503,
      body: { status: 'failed', checks: [{ name: failed.uri, status: 'failed' }] },
    });
    phase = 'stopping';
    expect(await call('GET', '/readyz')).toMatchObject({ status: 503, body: { status: 'stopping' } });
    expect((await call('GET', '/livez')).status).toBe(200);
  });

  test('the journal ends; a duration begins at its event', async () => {
    const client = openClient({ socket: path });
    const from = async (where: string) => (await Array.fromAsync(client.events({ follow: false, from: where, signal: never }))).length;
    expect(await from('start')).toBe(10);
    expect(await from('0007')).toBe(3);
    expect(await from('5m')).toBe(6);
    expect(await from('2h')).toBe(10);
  });

  test('a follower gets the journal and what comes, until it goes', async () => {
    const gone = new AbortController();
    const cursors: string[] = [];
    const follow = async () => {
      for await (const event of openClient({ socket: path }).events({ follow: true, from: '0008', signal: gone.signal })) {
        if ('cursor' in event) cursors.push(event.cursor);
        if (cursors.length === 5) gone.abort(new Error('enough'));
      }
    };
    await expect(follow()).rejects.toThrow('enough');
    expect(cursors.slice(0, 5)).toEqual(['0009', '0010', '0011', '0012', '0013']);
  });

  test('stopping ends the streams with the reason and removes the socket', async () => {
    const stream = openClient({ socket: path }).events({ follow: true, signal: never });
    await stream.next();
    await server[Symbol.asyncDispose]();
    await expect(Array.fromAsync(stream)).rejects.toMatchObject({ code: 'api.stopping' });
    await expect(stat(path)).rejects.toThrow('ENOENT');
    await expect(openClient({ socket: path }).version(never)).rejects.toMatchObject({ code: 'api.no_agent' });
  });

  test('a socket that somebody takes away with its folder is there again, and ends with the server', async () => {
    const held = heldClock();
    await server[Symbol.asyncDispose]();
    server = await serve({ ...agent, clock: held });
    for (const lost of [path, folder]) {
      await rm(lost, { recursive: true });
      await expect(openClient({ socket: path }).version(never)).rejects.toMatchObject({ code: 'api.no_agent' });
      await held.advance(5_000);
      await expect.poll(() => isListenedOn(path)).toBe(true);
      expect((await stat(path)).mode & 0o777).toBe(0o600);
      expect(await openClient({ socket: path }).version(never)).toMatchObject({ name: 'test' });
    }
    const stream = openClient({ socket: path }).events({ follow: true, signal: never });
    await stream.next();
    await server[Symbol.asyncDispose]();
    await expect(Array.fromAsync(stream)).rejects.toMatchObject({ code: 'api.stopping' });
    await expect(stat(path)).rejects.toThrow('ENOENT');
    expect(held.waiting).toBe(0);
  });

  test('a call that hangs is answered at its deadline', async () => {
    const held = heldClock();
    await server[Symbol.asyncDispose]();
    server = await serve({ ...agent, clock: held });
    const answer = openClient({ socket: path }).attachments.check({ containerId: 'c1', ifname: 'eth0' }, never);
    const outcome = answer.catch((error: unknown) => error);
    await expect.poll(() => held.waiting).toBe(1);
    await held.advance(30_000);
    expect(await outcome).toMatchObject({ code: 'api.deadline_exceeded', kind: 'DeadlineExceeded' });
  });

  test('an abort ends a call with its reason', async () => {
    const gone = new AbortController();
    const answer = openClient({ socket: path }).attachments.check({ containerId: 'c1', ifname: 'eth0' }, gone.signal);
    setImmediate(() => gone.abort(new Error('I have to go')));
    await expect(answer).rejects.toThrow('I have to go');
  });

  test('a second agent is refused and the first one serves on', async () => {
    await expect(serve()).rejects.toMatchObject({ code: 'api.socket_in_use' });
    expect((await call('GET', '/livez')).status).toBe(200);
  });
});
