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
