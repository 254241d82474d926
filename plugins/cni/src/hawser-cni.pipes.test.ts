import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, mkdtempSync, openSync, rmSync, writeSync } from 'node:fs';
import { createServer, Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { afterAll, describe, expect, test } from 'vitest';
import { encodeResponseFrame, RequestReader } from './protocol/frame.ts';
import { buildExecutables } from './testing/executables.ts';

const built = buildExecutables();
afterAll(() => built.dispose());

describe.each(built.executables)('the executable ($name)', ({ name, command, missing }) => {
  test.skipIf(missing !== undefined)(
    `waits for pipes that somebody has made non-blocking${missing === undefined ? '' : `: ${missing}`}`,
    async () => {
      await using closing = new AsyncDisposableStack();
      const folder = closing.adopt(mkdtempSync(join(tmpdir(), 'hwt-cni-')), (path) => rmSync(path, { recursive: true }));
      const [socket, into, outOf] = ['cni.sock', 'in', 'out'].map((name) => join(folder, name)) as [string, string, string];
      let received = 0;
      const server = createServer({ allowHalfOpen: true }, (stream) => {
        const reader = new RequestReader();
        stream.on('data', (chunk: Buffer) => {
          const frame = reader.push(chunk);
          if (frame === undefined) return;
          received = frame.input.length;
          stream.end(encodeResponseFrame({ exitCode: 0, body: Buffer.alloc(1_000_000, 'x') }));
        });
      });
      closing.defer(() => void server.close());
      await once(server.listen(socket), 'listening');

      execFileSync('mkfifo', [into, outOf]);
      // Both ways, so that opening waits for nobody.
      const [input, stdout] = [openSync(into, 'r+'), openSync(outOf, 'r+')];
      const stdin = openSync(into, 'r');
      const printing = buffer(new Socket({ fd: openSync(outOf, 'r'), writable: false }));
      const [file = '', ...rest] = command;
      const env = { CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'c1', CNI_IFNAME: 'eth0', CNI_NETNS: '/run/netns/x', CNI_PATH: '/opt/cni/bin' };
      const child = spawn(file, rest, { env, stdio: [stdin, stdout, 'inherit'] });
      const exited = once(child, 'exit');
      // The event loop makes what it has non-blocking, and the child has the same.
      const shared = [stdin, stdout].map((fd) => new Socket({ fd, readable: false }));

      const config = Buffer.from(JSON.stringify({ cniVersion: '1.0.0', name: 'net', type: 'hawser-cni', socket }));
      // In pieces, between which it finds the pipe empty.
      for (const byte of config) {
        writeSync(input, Buffer.of(byte));
        await new Promise(setImmediate);
      }
      closeSync(input);
      for (const one of shared) one.destroy();
      const printed = await printing;
      expect({ exit: await exited, received, printed: printed.length }).toEqual({
        exit: [0, null],
        received: config.length,
        printed: 1_000_000,
      });
    },
  );

  test.skipIf(missing !== undefined)('tells nobody else what nobody takes from its standard output', async () => {
    await using closing = new AsyncDisposableStack();
    const folder = closing.adopt(mkdtempSync(join(tmpdir(), 'hwt-cni-')), (path) => rmSync(path, { recursive: true }));
    const socket = join(folder, 'cni.sock');
    const beyond: number[] = [];
    const server = createServer({ allowHalfOpen: true }, (stream) => {
      const reader = new RequestReader();
      let whole = false;
      stream
        .on('error', () => undefined)
        .on('data', (chunk: Buffer) => {
          if (whole) beyond.push(chunk.length);
          else if (reader.push(chunk) !== undefined) {
            whole = true;
            stream.end(encodeResponseFrame({ exitCode: 0, body: '{"ips":[]}' }));
          }
        });
    });
    closing.defer(() => void server.close());
    await once(server.listen(socket), 'listening');
    const env = { CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'c1', CNI_IFNAME: 'eth0', CNI_NETNS: '/run/netns/x', CNI_PATH: '/opt/cni/bin' };
    const child = spawn('/bin/sh', ['-c', 'exec "$@" >&-', 'sh', ...command], { env, stdio: ['pipe', 'ignore', 'inherit'] });
    child.stdin.end(JSON.stringify({ cniVersion: '1.0.0', name: 'net', type: 'hawser-cni', socket }));
    const [code] = await once(child, 'exit');
    await new Promise(setImmediate);
    // Node.js opens /dev/null where a standard stream is closed, and nobody can tell that from one that was given.
    expect({ code, beyond }).toEqual({ code: name === 'C' ? 5 : 0, beyond: [] });
  });
});
