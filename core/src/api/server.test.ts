import { mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { request } from 'node:http';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemClock, systemRandom } from '../context/index.ts';
import { defineErrors } from '../errors/index.ts';
import { type Envelope, Events } from '../events/events.ts';
import { Gc } from '../gc/gc.ts';
import { type Lease, Leases } from '../leases/leases.ts';
import { Metadata, type Transaction } from '../metadata/store.ts';
import { Attachments } from '../network/index.ts';
import type { PluginReport } from '../plugin/status.ts';
import { heldClock } from '../testing/held-clock.ts';
import { openClient } from './open-client.ts';
import { type ApiServer, serveApi } from './server.ts';
import type { AgentView } from './service.ts';

const errors = defineErrors('leases', {
  alreadyExists: { kind: 'AlreadyExists', remedy: 'Choose another id.' },
});

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

/** Leases in a map; transactions are what they are called with. */
function fakeLeases(): Leases {
  const leases = new Map<string, Lease>();
  const at = (id: string): Lease | undefined => leases.get(id);
  const put = (lease: Lease): Lease => {
    leases.set(lease.id, lease);
    return lease;
  };
  return {
    create: (tx, { id = 'made', labels = {}, expiresInMs } = {}) => {
      if (at(id) !== undefined) throw errors.alreadyExists(`there is a lease ${id}`, { details: { lease: id } });
      const expiry = expiresInMs === undefined ? {} : { expiresAt: new Date(expiresInMs).toISOString() };
      return put({ id, store: tx.store, namespace: 'default', labels, createdAt: new Date(0).toISOString(), resources: [], ...expiry });
    },
    renew: (_tx, id, ms) => put({ ...(at(id) ?? expect.fail('no lease')), expiresAt: new Date(ms).toISOString() }),
    delete: (_tx, id) => void leases.delete(id),
    addResource: () => undefined,
    removeResource: () => undefined,
    get: (tx, id) => (at(id)?.store === tx.store ? at(id) : undefined),
    list: (tx) => [...leases.values()].filter((lease) => lease.store === tx.store),
  };
}

const transaction = (store: 'root' | 'state'): Transaction => ({
  store,
  get: () => undefined,
  has: () => false,
  entries: () => [],
  put: () => undefined,
  delete: () => false,
  afterCommit: () => undefined,
});

const stats = { path: '/x', schemaVersion: 1, sizeBytes: 1, entries: 0 };
const metadata: Metadata = {
  read: (store, fn) => fn(transaction(store)),
  write: async (store, fn) => fn(transaction(store)),
  stats: () => ({ root: stats, state: stats }),
  backup: async () => undefined,
};

const envelope = (number: number): Envelope => ({
  cursor: String(number).padStart(4, '0'),
  timestamp: new Date(number * 60_000).toISOString(),
  namespace: 'default',
  topic: '/leases/created',
  type: 'leases.created',
  data: { number },
});

/** A journal of ten minutes, an event each; live events go on until the signal aborts. */
const events: Events = {
  publish: () => undefined,
  async *subscribe({ signal, from }) {
    yield* this.history(from === undefined ? { from: '0010' } : { from });
    for (let number = 11; !signal.aborted; number++) {
      yield envelope(number);
      await new Promise(setImmediate);
    }
  },
  history: ({ from = 'start' } = {}) =>
    Array.from({ length: 10 }, (_, index) => envelope(index + 1)).filter(({ cursor }) => from === 'start' || cursor > from),
};

const hanging: Attachments = {
  attach: () => new Promise(() => undefined),
  detach: () => new Promise(() => undefined),
  check: () => new Promise(() => undefined),
  reap: async () => [],
  ready: () => undefined,
  list: () => [],
  get: ({ containerId, ifname }) =>
    containerId === 'c1' ? { containerId, ifname, id: 'x', network: 'n', mode: 'bridge', netns: '/x', settings: {}, claims: [], state: 'attached', createdAt: '' } : undefined,
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
  const agent: AgentView = {
    name: 'test',
    version: '1.2.3',
    coreVersion: '0.1.0',
    clock,
    phase: () => phase,
    reports: () => [failed],
    get: <T>(token: { readonly id: string }) => services.get(token.id) as T | undefined,
  };
  const serve = (view: AgentView = agent, at: string = path) => serveApi({ agent: view, path: at, log, random: systemRandom });
  const never = new AbortController().signal;

  const call = async (method: string, url: string, body?: string, headers: Record<string, string> = {}) => {
    const response = await new Promise<import('node:http').IncomingMessage>((resolve, reject) => {
      const made = request({ socketPath: path, method, path: url, headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers }, agent: false }, resolve);
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
    expect(await openClient({ socket: path }).version(never)).toMatchObject({ agent: '1.2.3', core: '0.1.0', pid: process.pid, ready: true });
    phase = 'starting';
    expect(await openClient({ socket: path }).version(never)).toMatchObject({ ready: false });
  });

  test('a lease is made, shown, listed, renewed and deleted', async () => {
    const { leases } = openClient({ socket: path });
    expect(await leases.create({ id: 'a', expiresInMs: 1_000, labels: { x: 'y' } }, never)).toMatchObject({ id: 'a', labels: { x: 'y' }, store: 'state' });
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
      details: { lease: 'a' },
    });
    await expect(leases.get('b', never)).rejects.toMatchObject({ kind: 'NotFound', message: 'there is no lease b' });
  });

  test('an error is a problem document with the id of the request', async () => {
    const answer = await call('GET', '/v1/leases/none', undefined, { 'x-request-id': 'mine-1' });
    expect(answer.status).toBe(404);
    expect(answer.headers['content-type']).toContain('application/problem+json');
    expect(answer.headers['x-request-id']).toBe('mine-1');
    expect(answer.body).toMatchObject({ type: 'urn:hawser:error:api.no_such_resource', title: 'Not found', status: 404, requestId: 'mine-1' });
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

  test('another content type is refused', async () => {
    expect((await call('POST', '/v1/leases', 'id: x', { 'content-type': 'application/yaml' })).status).toBe(415);
  });

  test('says why a service is not there', async () => {
    await expect(openClient({ socket: path }).gc.status(never)).rejects.toMatchObject({
      message: 'hawser.gc.v1 is not available: hawser.gc.v1.sweep is failed: it is broken',
    });
  });

  test('bytes that are not HTTP are answered and harm nobody', async () => {
    for (const garbage of ['\0\u0001\u0002', 'GET\r\n\r\n', 'x'.repeat(100_000), 'POST /v1/leases HTTP/1.1\r\nContent-Length: x\r\n\r\n']) {
      const socket = connect(path);
      socket.on('error', () => undefined);
      socket.end(garbage);
      expect(await text(socket)).toMatch(/^(HTTP\/1\.1 (400|431)|$)/);
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
    expect(await call('GET', '/healthz?verbose')).toMatchObject({ status: 503, body: { status: 'failed', checks: [{ name: failed.uri, status: 'failed' }] } });
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

  test('a call that hangs is answered at its deadline', async () => {
    const held = heldClock();
    await server[Symbol.asyncDispose]();
    server = await serve({ ...agent, clock: held });
    const answer = openClient({ socket: path }).attachments.check({ containerId: 'c1', ifname: 'eth0' }, never);
    const outcome = expect(answer).rejects.toMatchObject({ code: 'api.deadline_exceeded', kind: 'DeadlineExceeded' });
    await expect.poll(() => held.waiting).toBe(1);
    await held.advance(30_000);
    await outcome;
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

  test('the socket of a dead agent is replaced', async () => {
    const dead = join(folder, 'dead.sock');
    const corpse = createServer();
    await new Promise<void>((resolve) => corpse.listen(dead, resolve));
    const at = join(folder, 'left.sock');
    const { link } = await import('node:fs/promises');
    await link(dead, at);
    await new Promise((resolve) => corpse.close(resolve));
    await using second = await serve(agent, at);
    expect(await openClient({ socket: second.path }).version(never)).toMatchObject({ ready: true });
  });

  test('of many that start at once one gets the socket', async () => {
    const at = join(folder, 'many.sock');
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => serve(agent, at)));
    const served = outcomes.filter((outcome) => outcome.status === 'fulfilled');
    expect(served).toHaveLength(1);
    for (const { value } of served) await value[Symbol.asyncDispose]();
  });

  test("what isn't a socket stays where it is", async () => {
    const file = join(folder, 'file.sock');
    await writeFile(file, 'mine');
    await expect(serve(agent, file)).rejects.toMatchObject({ code: 'api.socket_failed' });
    const dangling = join(folder, 'link.sock');
    await symlink('/nowhere', dangling);
    await expect(serve(agent, dangling)).rejects.toMatchObject({ code: 'api.socket_failed' });
    expect((await stat(file)).size).toBe(4);
  });

  test('a path that is too long is told', async () => {
    await expect(serve(agent, join(folder, 'x'.repeat(100)))).rejects.toMatchObject({ code: 'api.socket_failed' });
  });
});

describe('the client', () => {
  const never = new AbortController().signal;

  test('tells that nobody listens', async () => {
    await expect(openClient({ socket: '/nowhere/hawser.sock' }).version(never)).rejects.toMatchObject({ code: 'api.no_agent', details: { errno: 'ENOENT' } });
  });

  test("tells that something else than an agent listens, or goes away", async () => {
    const folder = await mkdtemp(join(tmpdir(), 'hwt-api-'));
    const socket = join(folder, 's');
    for (const [reply, code] of [
      ['HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello', 'api.bad_answer'],
      ['HTTP/1.1 500 Oh\r\nContent-Length: 2\r\n\r\nno', 'api.bad_answer'],
      ['HTTP/1.1 200 OK\r\nContent-Length: 50\r\n\r\n{"agent"', 'api.no_agent'],
      ['\0', 'api.bad_answer'],
      ['', 'api.no_agent'],
    ] as const) {
      const liar = createServer((connection) => void connection.once('data', () => connection.end(reply)));
      await new Promise<void>((resolve) => liar.listen(socket, resolve));
      await expect(openClient({ socket }).version(never)).rejects.toMatchObject({ code });
      await new Promise((resolve) => liar.close(resolve));
    }
    await rm(folder, { recursive: true });
  });
});
