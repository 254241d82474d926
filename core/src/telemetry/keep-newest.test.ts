import { connect, type Socket } from 'node:net';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { servePages } from './listen.ts';

const open = async (port: number): Promise<Socket> => {
  const socket = connect(port, '127.0.0.1').on('error', () => undefined);
  await once(socket, 'connect');
  return socket;
};

test('who holds all connections open keeps no probe out: the oldest makes room', async () => {
  await using server = await servePages('127.0.0.1:0', { '/livez': () => ({ status: 200, contentType: 'text/plain', body: 'ok' }) });
  const port = Number(server.address.split(':').at(-1));
  const held: Socket[] = [];
  for (let n = 0; n < 200; n++) held.push(await open(port));
  for (let n = 0; n < 3; n++) {
    const answer = await fetch(`http://127.0.0.1:${port}/livez`, { headers: { connection: 'close' } });
    expect([answer.status, await answer.text()]).toEqual([200, 'ok']);
  }
  const closed = (): boolean[] => held.map((socket) => socket.closed);
  await expect.poll(() => closed().filter(Boolean).length, { timeout: 10_000 }).toBeGreaterThanOrEqual(136);
  expect(closed().slice(0, 136)).toEqual(Array.from({ length: 136 }, () => true));
  expect(closed().slice(-50)).toEqual(Array.from({ length: 50 }, () => false));
  for (const socket of held) socket.destroy();
});
