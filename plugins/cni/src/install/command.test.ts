import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { JsonValue } from '@hawser/core';
import type { Invocation } from '@hawser/core/cli';
import { attachmentErrors } from '@hawser/core/network';
import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { cniErrors } from '../endpoint/errors.ts';
import { serve, type Served } from '../testing/served.ts';
import { cniCommand } from './command.ts';

const built = existsSync(new URL('../../dist/hawser-cni.js', import.meta.url));
let folder: string;
let served: Served;
let results: JsonValue[];
let notes: string[];

beforeEach(async () => {
  folder = mkdtempSync(join(tmpdir(), 'hwt-command-'));
  served = await serve();
  results = [];
  notes = [];
});
afterEach(async () => {
  await served[Symbol.asyncDispose]();
  rmSync(folder, { recursive: true });
});

const command = (name: string) => cniCommand.commands?.find((candidate) => candidate.name === name);
const conflist = () => join(folder, 'conf', '05-hawser.conflist');

/** As the command line calls it. */
function invocation(ready: boolean, socket = join(served.path, '..', 'hawser.sock')): Invocation {
  const version = { agent: '1', core: '1', node: '26', pid: 1, ready };
  // Only what these commands ask of it.
  const client = { version: () => Promise.resolve(version) } as unknown as Invocation['client'];
  return {
    arguments: [],
    options: { binDir: join(folder, 'bin'), confDir: join(folder, 'conf'), name: 'hawser' },
    global: { config: '', socket, output: 'json', logLevel: 'info', color: false },
    signal: new AbortController().signal,
    output: {
      result: (value) => void results.push(value),
      item: () => undefined,
      taken: () => Promise.resolve(),
      note: (text) => void notes.push(text),
      progress: (_, work) => work(),
    },
    client,
  };
}

describe.skipIf(!built)('hawser cni (needs the built package)', () => {
  test('install asks the endpoint beside the agent where it is, and writes that down', async () => {
    await command('install')?.run?.(invocation(true));
    expect(JSON.parse(readFileSync(conflist(), 'utf8'))).toMatchObject({ plugins: [{ socket: served.path, tombstones: '/t' }] });
    expect(results).toEqual([expect.objectContaining({ conflist: conflist(), changed: true })]);
    await command('install')?.run?.(invocation(true));
    expect(notes).toEqual(['installed', 'everything was there already']);
  });

  test('install does nothing while the agent is not ready, or where no endpoint answers', async () => {
    await expect(command('install')?.run?.(invocation(false))).rejects.toSatisfy(cniErrors.agentNotReady.is);
    await expect(command('install')?.run?.(invocation(true, join(folder, 'hawser.sock')))).rejects.toSatisfy(cniErrors.agentNotReady.is);
    expect([existsSync(join(folder, 'bin')), existsSync(join(folder, 'conf'))]).toEqual([false, false]);
  });

  test('install waits ten seconds in all for an endpoint, and no longer than its caller', async () => {
    const silent = createServer();
    const socket = join(folder, 'hawser.sock');
    await new Promise<void>((resolve) => silent.listen(join(folder, 'cni.sock'), resolve));
    onTestFinished(() => void silent.close());
    silent.on('connection', (connection) => connection.on('error', () => undefined));
    const interrupted = new AbortController();
    const first = command('install')?.run?.({ ...invocation(true, socket), signal: interrupted.signal });
    silent.once('connection', () => interrupted.abort(new DOMException('received SIGINT', 'AbortError')));
    await expect(first).rejects.toMatchObject({ name: 'AbortError', message: 'received SIGINT' });

    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] });
    onTestFinished(() => void vi.useRealTimers());
    // One that says a byte now and then is no better.
    silent.once('connection', (connection) => (connection.write('H'), setImmediate(() => vi.advanceTimersByTime(10_000))));
    await expect(command('install')?.run?.(invocation(true, socket))).rejects.toMatchObject({
      code: 'cni.agent_not_ready',
      message: `the CNI endpoint at ${join(folder, 'cni.sock')} has not answered within 10 s`,
    });
  });

  test.each([
    ['speaks another protocol', 'HTTP/1.1 400 Bad Request\r\n\r\n'],
    ['would never come to its end', Buffer.from('HCNI\x01\0\0\0\0\0\0\0\xff\xff\xff\xff', 'latin1')],
    ['answers no JSON', Buffer.from('HCNI\x01\0\0\0\0\0\0\0\x01\0\0\0{', 'latin1')],
    ['answers something else', Buffer.from('HCNI\x01\0\0\0\0\0\0\0\x02\0\0\0{}', 'latin1')],
  ])('install refuses what listens there and %s', async (_what, answer) => {
    const other = createServer((connection) => void connection.on('error', () => undefined).end(answer));
    await new Promise<void>((resolve) => other.listen(join(folder, 'cni.sock'), resolve));
    onTestFinished(() => void other.close());
    await expect(command('install')?.run?.(invocation(true, join(folder, 'hawser.sock')))).rejects.toMatchObject({
      code: 'cni.agent_not_ready',
      message: `what listens at ${join(folder, 'cni.sock')} is no CNI endpoint of hawser`,
    });
  });

  test('installs nothing while no pod could be attached', async () => {
    served.attachments.notReady = attachmentErrors.notReady('no network mode is on');
    const refused = await command('install')
      ?.run?.(invocation(true))
      ?.catch((error: unknown) => error);
    expect(refused).toMatchObject({ code: 'cni.agent_not_ready', message: expect.stringContaining('no network mode is on') });
    expect([existsSync(join(folder, 'bin')), existsSync(join(folder, 'conf'))]).toEqual([false, false]);
  });

  test('uninstall needs no agent', async () => {
    await command('install')?.run?.(invocation(true));
    await command('uninstall')?.run?.(invocation(false));
    expect(results.at(-1)).toEqual({ removed: [conflist(), join(folder, 'bin', 'hawser-cni')] });
    expect(existsSync(conflist())).toBe(false);
  });
});
