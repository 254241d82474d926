import { mkdtempSync, rmSync } from 'node:fs';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeEach, describe, expect, test } from 'vitest';
import { encodeResponseFrame } from './protocol/frame.ts';
import { buildExecutables, run } from './testing/executables.ts';

const built = buildExecutables();
afterAll(() => built.dispose());

describe.each(built.executables)('the executable ($name)', (executable) => {
  describe.skipIf(executable.missing !== undefined)(
    `keeps to its limits${executable.missing === undefined ? '' : `: ${executable.missing}`}`,
    () => {
      let folder: string;
      let server: Server | undefined;
      const connections: Socket[] = [];

      beforeEach(() => void (folder = mkdtempSync(join(tmpdir(), 'hwt-cni-'))));
      afterEach(() => {
        server?.close();
        server = undefined;
        for (const connection of connections.splice(0)) connection.destroy();
        rmSync(folder, { recursive: true });
      });

      const listen = async (onConnection: (socket: Socket) => void): Promise<void> => {
        server = createServer({ allowHalfOpen: true }, (stream) => {
          connections.push(stream.on('error', () => undefined).resume());
          onConnection(stream);
        });
        await new Promise<void>((resolve) => server?.listen(join(folder, 's'), resolve));
      };
      const config = (tombstones = join(folder, 't')): string =>
        JSON.stringify({ cniVersion: '0.3.1', name: 'net', type: 'hawser-cni', socket: join(folder, 's'), tombstones });
      const environment = (command: string, more: Readonly<Record<string, string>> = {}): Record<string, string> => ({
        CNI_COMMAND: command,
        CNI_CONTAINERID: 'c1',
        CNI_IFNAME: 'eth0',
        CNI_NETNS: '/run/netns/x',
        CNI_PATH: '/opt/cni/bin',
        ...more,
      });

      test('an environment that is too large is told in the version of the config, and is none of VERSION’s business', async () => {
        const large = { CNI_ARGS: 'x'.repeat(65_536) };
        expect(await run(executable, environment('ADD', large), config())).toMatchObject({
          code: 4,
          json: { cniVersion: '0.3.1', code: 4 },
        });
        expect(await run(executable, environment('VERSION', large), config())).toMatchObject({ code: 0, json: { cniVersion: '0.3.1' } });
      });

      test.each([
        ['that is none', Buffer.from('HTTP/1.1 400 Bad Request\r\n\r\n')],
        ['of another protocol', Buffer.from('HCNI\x02\0\0\0\0\0\0\0\x02\0\0\0{}', 'latin1')],
        ['that is too large', Buffer.from('HCNI\x01\0\0\0\0\0\0\0\xff\xff\xff\xff', 'latin1')],
        ['whose code is no exit code', encodeResponseFrame({ exitCode: 256, body: '' })],
      ])('an answer %s is not waited for, though the connection stays', async (_, answer) => {
        await listen((stream) => void stream.write(answer));
        expect(await run(executable, environment('ADD'), config())).toMatchObject({ code: 11 });
      });

      test('an answer that trickles in is told as none, in the time of the call', { timeout: 30_000 }, async () => {
        const answer = [...encodeResponseFrame({ exitCode: 0, body: Buffer.alloc(1_000) })];
        await listen((stream) => {
          const trickle = setInterval(() => stream.write(Buffer.of(answer.shift() ?? 0)), 500);
          stream.on('close', () => clearInterval(trickle));
        });
        expect(await run(executable, environment('STATUS'), config())).toMatchObject({ code: 50 });
      });

      test('a DEL whose tombstone has a folder that can’t be made is refused, where nothing can be made at all too', async () => {
        const folders = ['/proc/hwt-none/tombstones', `/${'x'.repeat(300)}`, `/proc/self/mem/t`];
        for (const tombstones of folders)
          expect(await run(executable, environment('DEL'), config(tombstones))).toMatchObject({ code: 5, json: { code: 5 } });
        expect(await run(executable, environment('DEL'), config(`/${'x/'.repeat(2_100)}`))).toMatchObject({ code: 7 });
      });

      test('an answer that nobody takes is told by the exit code', async () => {
        const command = ['/bin/sh', '-c', 'exec "$@" >/dev/full', 'sh', ...executable.command];
        expect(await run({ ...executable, command }, environment('VERSION'), config())).toMatchObject({ code: 5, output: '' });
        expect(await run({ ...executable, command }, environment('STATUS'), config())).toMatchObject({ code: 50, output: '' });
      });
    },
  );
});
