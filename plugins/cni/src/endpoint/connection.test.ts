import { once } from 'node:events';
import { rmSync, mkdtempSync } from 'node:fs';
import { connect, createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { systemContext } from '@hawser/core';
import { expect, test } from 'vitest';
import { decodeResponseFrame } from '../protocol/frame.ts';
import { frame } from '../testing/served.ts';
import { serveConnection } from './connection.ts';

test('a request that was there in time counts, however late an agent that is busy with other things looks for it', async () => {
  const folder = mkdtempSync(join(tmpdir(), 'hwt-cni-'));
  const answer = { exitCode: 0, body: '{}' };
  const server = createServer((socket) => {
    serveConnection(socket, { clock: systemContext.clock, readDeadlineMs: 30, handle: async () => answer });
  });
  try {
    server.listen(join(folder, 'a.sock'));
    await once(server, 'listening');
    const client = connect(join(folder, 'a.sock'));
    await Promise.all([once(server, 'connection'), once(client, 'connect')]);
    client.write(frame('ADD'));
    for (const end = performance.now() + 60; performance.now() < end;); // as a commit does on a slow disk
    expect(decodeResponseFrame(await buffer(client))).toMatchObject({ exitCode: 0 });
  } finally {
    server.close();
    rmSync(folder, { recursive: true });
  }
});
