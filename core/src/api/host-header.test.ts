import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { pino } from 'pino';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { systemRandom } from '../context/index.ts';
import { agentView } from './agent-view.fixture.ts';
import { type ApiServer, serveApi } from './server.ts';

let folder: string;
let path: string;
let server: ApiServer;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hwt-host-'));
  path = join(folder, 's');
  server = await serveApi({ agent: agentView(new Map()), path, log: pino({ level: 'silent' }), random: systemRandom });
});
afterEach(async () => {
  await server[Symbol.asyncDispose]();
  await rm(folder, { recursive: true });
});

async function answerTo(request: string): Promise<string> {
  const socket = connect(path);
  await once(socket, 'connect');
  const answer = text(socket);
  socket.write(request);
  return await answer;
}

test('a request of HTTP/1.1 without a host is refused like any other that is wrong', async () => {
  const [head = '', body = ''] = (await answerTo('GET /v1/version HTTP/1.1\r\nConnection: close\r\n\r\n')).split('\r\n\r\n');
  expect(head).toMatch(/^HTTP\/1\.1 400 /);
  expect(head).toMatch(/^content-type: application\/problem\+json/im);
  expect(JSON.parse(body)).toMatchObject({
    code: 'api.bad_request',
    detail: 'the request has no Host header',
    requestId: expect.any(String),
  });
});

test('one of HTTP/1.0 needs none', async () => {
  expect(await answerTo('GET /v1/version HTTP/1.0\r\n\r\n')).toMatch(/^HTTP\/1\.1 200 /);
});
