import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { heldClock } from '../testing/held-clock.ts';
import type { Client } from './client.ts';
import { openClient } from './open-client.ts';

const never = new AbortController().signal;

describe('the client', () => {
  let folder: string;
  let socket: string;
  let server: Server | undefined;
  const connections = new Set<Socket>();
  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'hwt-client-'));
    socket = join(folder, 's');
  });
  afterEach(async () => {
    for (const connection of connections) connection.destroy();
    server?.close();
    server = undefined;
    await rm(folder, { recursive: true });
  });

  /** Something that listens and is no agent. */
  async function listen(answer: (connection: Socket) => void): Promise<void> {
    const listening = createServer((connection) => {
      connections.add(connection.on('error', () => undefined));
      connection.once('data', () => answer(connection));
    });
    server = listening;
    await new Promise<void>((resolve) => listening.listen(socket, resolve));
  }

  test('tells that nobody listens', async () => {
    await expect(openClient({ socket: '/nowhere/hawser.sock' }).version(never)).rejects.toMatchObject({
      code: 'api.no_agent',
      details: { errno: 'ENOENT' },
    });
    await writeFile(socket, 'a file');
    await expect(openClient({ socket }).version(never)).rejects.toMatchObject({
      code: 'api.no_agent',
      message: `no agent listens at ${socket}`,
    });
  });

  test.each([
    ['HTTP/1.1 200 OK\r\nServer: hawser\r\nContent-Length: 5\r\n\r\nhello', 'api.bad_answer'],
    ['HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nContent-Length: 2\r\n\r\n{}', 'api.no_agent'],
    ['HTTP/1.1 404 No\r\nContent-Type: application/json\r\nContent-Length: 2\r\n\r\n{}', 'api.no_agent'],
    ['HTTP/1.1 500 Oh\r\nServer: hawser\r\nContent-Length: 2\r\n\r\nno', 'api.bad_answer'],
    ['HTTP/1.1 200 OK\r\nServer: hawser\r\nContent-Length: 50\r\n\r\n{"agent"', 'api.no_agent'],
    ['\0', 'api.bad_answer'],
    ['', 'api.no_agent'],
  ])('takes %j for no agent: %s', async (reply, code) => {
    await listen((connection) => connection.end(reply));
    await expect(openClient({ socket }).version(never)).rejects.toMatchObject({ code });
  });

  test.each([
    ['nothing', ''],
    ['a head without a body', 'HTTP/1.1 200 OK\r\nServer: hawser\r\nContent-Length: 50\r\n\r\n'],
  ])('does not wait for ever for who sends %s', async (_name, reply) => {
    const clock = heldClock();
    const { promise: asked, resolve } = Promise.withResolvers<void>();
    await listen((connection) => {
      connection.write(reply);
      resolve();
    });
    const outcome = openClient({ socket, clock })
      .version(never)
      .catch((error: unknown) => error);
    await asked;
    await clock.advance(10_000);
    expect(await outcome).toMatchObject({ code: 'api.no_answer', message: `the answer from ${socket} took longer than 10 s` });
  });

  test.each([
    ['a collection', (client: Client, signal: AbortSignal) => client.gc.run({ dryRun: false, signal })],
    ['a reload', (client: Client, signal: AbortSignal) => client.config.reload({ dryRun: false }, signal)],
  ])('waits for %s no longer than the agent answers others', async (_name, work) => {
    const clock = heldClock();
    let asked = 0;
    let hangs = false;
    await listen((connection) => {
      asked++;
      if (asked > 1 && !hangs) connection.end('HTTP/1.1 200 OK\r\nServer: hawser\r\nContent-Length: 2\r\n\r\n{}');
    });
    const outcome = work(openClient({ socket, clock }), never).catch((error: unknown) => error);
    await expect.poll(() => asked).toBe(1);
    for (let looks = 1; looks <= 3; looks++) {
      await expect.poll(() => clock.waiting).toBe(2); // the call's own patience, and the pause between two looks
      await clock.advance(2_000);
      await expect.poll(() => asked).toBe(looks + 1);
    }
    await expect.poll(() => clock.waiting).toBe(2);
    hangs = true;
    await clock.advance(2_000);
    await expect.poll(() => asked).toBe(5);
    await clock.advance(10_000);
    expect(await outcome).toMatchObject({ code: 'api.no_answer', message: `the answer from ${socket} took longer than 10 s` });
    expect(clock.waiting).toBe(0);
  });

  test('waits for a stream to begin, not for its next line', async () => {
    const clock = heldClock();
    await listen((connection) => connection.write('HTTP/1.1 200 OK\r\nServer: hawser\r\n\r\n{"cursor":"1"}\n'));
    const stream = openClient({ socket, clock }).events({ follow: true, signal: never });
    expect((await stream.next()).value).toEqual({ cursor: '1' });
    expect(clock.waiting).toBe(0);
    await stream.return?.();
  });

  test('reads no line without an end', async () => {
    await listen((connection) => {
      connection.write('HTTP/1.1 200 OK\r\nServer: hawser\r\n\r\n');
      connection.write(Buffer.alloc(17 * 2 ** 20, 'x'));
    });
    await expect(openClient({ socket }).events({ follow: true, signal: never }).next()).rejects.toMatchObject({ code: 'api.bad_answer' });
  });
});
