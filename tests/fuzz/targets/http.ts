import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import * as fc from 'fast-check';
import { type ServedCore, serveCore } from '../../../core/src/api/served-core.fixture.ts';
import { hold } from '../engine/refusal.ts';
import type { FuzzTarget } from '../engine/target.ts';

const PATHS = [
  '/v1/leases',
  '/v1/leases/a',
  '/v1/snapshots?limit=1',
  '/v1/claims',
  '/v1/plugins',
  '/v1/gc',
  '/v1/events?follow=false',
  '/livez',
  '/healthz?verbose',
  '/v1/openapi.json',
  '/%ff',
  '*',
  'http://x/',
];
const PIECES = [
  ...[
    'GET ',
    'POST ',
    'DELETE ',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    ' HTTP/1.1\r\n',
    ' HTTP/1.0\r\n',
    '\r\n',
    '\r\n\r\n',
    '\n',
    '\0',
    ': ',
  ],
  ...[
    'Host: a\r\n',
    'Content-Length: 2\r\n',
    'Content-Length: -1\r\n',
    'Transfer-Encoding: chunked\r\n',
    'Expect: 100-continue\r\n',
    'Upgrade: websocket\r\n',
  ],
  ...[
    'Connection: close\r\n',
    'Connection: upgrade\r\n',
    'Content-Type: application/json\r\n',
    'x-request-id: a\r\n',
    '0\r\n\r\n',
    '2\r\n{}\r\n',
    '{}',
    '{"id":"a"}',
  ],
  ...PATHS,
];

const body = fc.oneof(fc.constantFrom('', '{}', '{"id":"a"}', '{"id":'), fc.json());
const headers = fc.array(
  fc.oneof(
    fc.constantFrom(...PIECES.filter((piece) => piece.endsWith('\r\n') && piece.includes(': '))),
    fc.string().map((text) => `x: ${text}\r\n`),
  ),
  { maxLength: 4 },
);
const request = fc
  .tuple(fc.constantFrom('GET', 'POST', 'DELETE', 'HEAD', 'OPTIONS', 'PUT'), fc.constantFrom(...PATHS), headers, body)
  .map(
    ([method, path, more, content]) =>
      `${method} ${path} HTTP/1.1\r\nHost: a\r\n${more.join('')}Content-Length: ${Buffer.byteLength(content)}\r\n\r\n${content}`,
  );

/** Answers of streams end when their client goes. */
const PATIENCE_MS = 300;
const EVERY = 32;

/** Bytes on the socket of a running API. */
export const http: FuzzTarget = {
  name: 'http',
  summary: 'bytes on the socket of the API, pipelined and in pieces: an answer of HTTP or none, never a fault of the agent, which lives on',
  format: 'text',
  pieces: PIECES,
  grammar: fc.array(request, { minLength: 1, maxLength: 3 }).map((requests) => requests.join('')),
  runs: 200,
  open: async () => {
    const served = await serveCore();
    let count = 0;
    return {
      async attempt(input) {
        checkAnswer(await send(join(served.folder, 's'), input));
        if (count++ % EVERY === 0) await checkAlive(served);
      },
      [Symbol.asyncDispose]: () => served[Symbol.asyncDispose](),
    };
  },
};

async function checkAlive(served: ServedCore): Promise<void> {
  const { status } = await served.ask({ method: 'GET', path: '/v1/plugins' });
  hold(status === 200, `the agent answers ${status}`);
}

/** Everything that comes back. */
async function send(path: string, input: Buffer): Promise<string> {
  const socket = connect({ path, allowHalfOpen: true });
  const chunks: Buffer[] = [];
  const closed = new Promise<void>((resolve) => socket.once('close', resolve));
  socket.on('data', (chunk: Buffer) => chunks.push(chunk)).on('error', () => undefined);
  await write(socket, input);
  const timer = setTimeout(() => socket.destroy(), PATIENCE_MS);
  await closed;
  clearTimeout(timer);
  return Buffer.concat(chunks).toString('latin1');
}

/** In as many pieces as its first byte says. */
async function write(socket: Socket, input: Buffer): Promise<void> {
  const size = Math.max(1, Math.ceil(input.length / (1 + ((input[0] ?? 0) & 3))));
  for (let at = 0; at < input.length && !socket.destroyed; at += size) {
    socket.write(input.subarray(at, at + size));
    await new Promise(setImmediate);
  }
  socket.end();
}

function checkAnswer(answer: string): void {
  hold(answer === '' || answer.startsWith('HTTP/1.1 '), `this is no answer: ${answer.slice(0, 80)}`);
  const fault = /^HTTP\/1\.1 5(?!03|01|05)\d\d[^]*/m.exec(answer)?.[0];
  hold(fault === undefined, `a fault of the agent: ${fault?.slice(0, 600)}`);
}
