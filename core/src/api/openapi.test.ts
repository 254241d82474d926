import { Validator } from '@seriousme/openapi-schema-validator';
import type { FastifyServerOptions } from 'fastify';
import { afterAll, beforeAll, expect, test, vi } from 'vitest';
import { type Operation, operationsIn, parametersOf } from './document.fixture.ts';
import { records } from './document/records.ts';
import { plugin, serveCore, type ServedCore } from './served-core.fixture.ts';

const registered = vi.hoisted(() => new Set<string>());
vi.mock('fastify', async (original) => {
  const real = await original<typeof import('fastify')>();
  const recording = (options: FastifyServerOptions) => {
    const app = real.default(options);
    app.addHook('onRoute', ({ method, url }) => {
      if (method !== 'HEAD') registered.add(`${String(method)} ${url.replaceAll(/:(\w+)/g, '{$1}')}`);
    });
    return app;
  };
  return { ...real, default: recording };
});

let served: ServedCore;
let json: string;
let operations: readonly Operation[];
beforeAll(async () => {
  served = await serveCore();
  const answer = await served.ask({ method: 'GET', path: '/v1/openapi.json' });
  expect([answer.status, answer.headers['content-type']]).toEqual([200, 'application/json; charset=utf-8']);
  json = answer.body;
  operations = operationsIn(json);
});
afterAll(() => served[Symbol.asyncDispose]());

const operationAt = (method: string, path: string): Operation =>
  operations.find((one) => one.method === method && one.path === path) ?? expect.fail(`no ${method} ${path}`);

test('it is valid OpenAPI 3.1', async () => {
  const validator = new Validator();
  expect(await validator.validate(JSON.parse(json))).toEqual({ valid: true });
  expect(validator.version).toBe('3.1');
});

test('it has every route of the server and no other', () => {
  const documented = operations.map(({ method, path }) => `${method} ${path}`);
  expect(documented.sort()).toEqual([...registered].sort());
  expect(documented).toContain('GET /v1/events');
});

test('every reference leads somewhere, every parameter of a path is told, and no two operations have one name', () => {
  const pointers = new Set([...json.matchAll(/"\$ref":"#\/([^"]*)"/g)].map(([, pointer = '']) => pointer.split('/')));
  for (const pointer of pointers) expect(JSON.parse(json)).toHaveProperty(pointer);
  expect(json.match(/"\$ref":"[^#]/)).toBeNull();
  for (const operation of operations) {
    expect(parametersOf(operation, 'path').map(({ name }) => name)).toEqual(
      [...operation.path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name),
    );
  }
  expect(new Set(operations.map(({ operationId }) => operationId)).size).toBe(operations.length);
});

test('it tells what requests are checked with', () => {
  expect(operationAt('POST', '/v1/leases').requestBody).toMatchObject({
    required: false,
    content: { 'application/json': { schema: { additionalProperties: false, properties: { store: { enum: ['state', 'root'] } } } } },
  });
  expect(operationAt('GET', '/v1/leases').parameters[0]).toMatchObject({
    name: 'filter',
    in: 'query',
    required: false,
    schema: { type: 'array', items: { type: 'string' }, maxItems: 32 },
  });
  expect(operationAt('POST', '/v1/db/backup').requestBody?.required).toBe(true);
  expect(operationAt('GET', '/v1/events').responses['200']).toHaveProperty(['content', 'application/x-ndjson']);
});

test('answers are what it says, and hold no field that it does not name', async () => {
  const ask = async (method: string, path: string, body?: object) => {
    const answer = await served.ask({
      method,
      path,
      headers: { 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    });
    return JSON.parse(answer.body);
  };
  const lease = await ask('POST', '/v1/leases', { id: 'a', expiresInMs: 60_000, labels: { x: 'y' } });
  const answers = [
    ['Namespace', await ask('POST', '/v1/namespaces', { name: 'blue', labels: { a: 'b' } })],
    ['NamespacePage', await ask('GET', '/v1/namespaces')],
    ['NamespaceContents', await ask('GET', '/v1/namespaces/default/contents')],
    ['Lease', lease],
    ['Lease', await ask('POST', '/v1/leases/a/resources', { type: 'claim', key: 'address/10.0.0.1' })],
    ['LeasePage', await ask('GET', '/v1/leases?limit=1')],
    ['SnapshotPage', await ask('GET', '/v1/snapshots')],
    ['ClaimPage', await ask('GET', '/v1/claims')],
    ['Attachment', await ask('GET', '/v1/attachments/c1/eth0')],
    ['AttachmentPage', await ask('GET', '/v1/attachments')],
    ['CollectionReport', await ask('POST', '/v1/gc', {})],
    ['GcStatus', await ask('GET', '/v1/gc')],
    ['StoreStats', await ask('GET', '/v1/db')],
    ['Backup', await ask('POST', '/v1/db/backup', { store: 'state', folder: `${served.folder}/copy` })],
    ['ConfigReload', await ask('POST', '/v1/config/reload', { dryRun: true })],
    ['Plugin', await ask('PATCH', `/v1/plugins/${plugin.uri}/log`, { level: null })],
    ['PluginList', await ask('GET', '/v1/plugins')],
    ['Version', await ask('GET', '/v1/version')],
    ['Health', await ask('GET', '/healthz?verbose')],
    ['TopicList', await ask('GET', '/v1/events/topics')],
    ['Problem', await ask('GET', '/v1/leases/none')],
  ] as const;
  // What parsing leaves out is what the document doesn't name.
  for (const [name, answer] of answers) expect([name, records[name].parse(answer)]).toEqual([name, answer]);
});
