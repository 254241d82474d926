import { once } from 'node:events';
import { connect } from 'node:net';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { agentView } from './agent-view.fixture.ts';
import { type ServedView, serveView } from './served-view.fixture.ts';

let served: ServedView;
beforeEach(async () => {
  served = await serveView(agentView());
});
afterEach(() => served[Symbol.asyncDispose]());

async function answerTo(request: string): Promise<string> {
  const socket = connect(served.path);
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

test('one with two hosts is refused: those before us may have gone by the other', async () => {
  const request = 'GET /v1/version HTTP/1.1\r\nHost: a\r\nHost: b\r\nConnection: close\r\n\r\n';
  const [head = '', body = ''] = (await answerTo(request)).split('\r\n\r\n');
  expect(head).toMatch(/^HTTP\/1\.1 400 /);
  expect(JSON.parse(body)).toMatchObject({ code: 'api.bad_request', detail: 'the request has 2 Host headers' });
});

test('what a request expects beyond 100-continue is passed over, as it may be', async () => {
  const request = 'GET /v1/version HTTP/1.1\r\nHost: a\r\nExpect: the-best\r\nConnection: close\r\n\r\n';
  expect(await answerTo(request)).toMatch(/^HTTP\/1\.1 200 /);
});

test('CONNECT is answered too', async () => {
  const [head = '', body = ''] = (await answerTo('CONNECT a:1 HTTP/1.1\r\nHost: a:1\r\n\r\n')).split('\r\n\r\n');
  expect(head).toMatch(/^HTTP\/1\.1 400 .*application\/problem\+json/s);
  expect(JSON.parse(body)).toMatchObject({ code: 'api.bad_request', detail: 'the agent is no proxy', requestId: expect.any(String) });
});
