import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { decodeEnvironment } from './protocol/environment.ts';
import { encodeResponseFrame, RequestReader } from './protocol/frame.ts';
import { buildExecutables, run } from './testing/executables.ts';

const built = buildExecutables();
afterAll(() => built.dispose());

const TRACEPARENT = '00-0af7651916cd43dd8448eb211c80319c-b7ad6b7169203331-01';
const CNI = { CNI_COMMAND: 'ADD', CNI_CONTAINERID: 'c1', CNI_IFNAME: 'eth0', CNI_NETNS: '/run/netns/x', CNI_PATH: '/opt/cni/bin' };

describe.each(built.executables)('the executable ($name)', (executable) => {
  /** The environment that an agent gets of a call made with this one. */
  async function handedOn(environment: Readonly<Record<string, string>>): Promise<unknown> {
    const folder = mkdtempSync(join(tmpdir(), 'hwt-cni-'));
    const socket = join(folder, 'cni.sock');
    let seen: unknown;
    const server = createServer({ allowHalfOpen: true }, (stream) => {
      const reader = new RequestReader();
      stream.on('data', (chunk: Buffer) => {
        const frame = reader.push(chunk);
        if (frame === undefined) return;
        seen = Object.fromEntries(decodeEnvironment(frame.environment));
        stream.end(encodeResponseFrame({ exitCode: 0, body: '{}' }));
      });
    });
    await new Promise<void>((resolve) => server.listen(socket, resolve));
    try {
      const config = JSON.stringify({ cniVersion: '1.0.0', name: 'net', type: 'hawser-cni', socket });
      expect(await run(executable, { ...CNI, ...environment }, config)).toMatchObject({ code: 0 });
      return seen;
    } finally {
      server.close();
      rmSync(folder, { recursive: true });
    }
  }

  test('hands on of which trace the call is a part, and nothing else that is not of CNI', async (context) => {
    if (executable.missing !== undefined) context.skip(executable.missing);
    const told = { TRACEPARENT, TRACESTATE: 'a=1' };
    expect(await handedOn({ ...told, TRACEPARENTS: 'x', PATH: '/bin' })).toEqual({ ...CNI, ...told });
  });

  test('leaves it out where it could harm the call', async (context) => {
    if (executable.missing !== undefined) context.skip(executable.missing);
    expect(await handedOn({ TRACEPARENT: 'é', TRACESTATE: 'x'.repeat(600) })).toEqual(CNI);
  });
});
