import { existsSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { cniErrors } from './errors.ts';
import { listen } from './listener.ts';

let folder: string;
let path: string;
const options = () => ({ path, onConnection: () => undefined, onError: () => undefined });

beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hwt-cni-'));
  path = join(folder, 'cni.sock');
});
afterEach(() => rmSync(folder, { recursive: true }));

async function serverAt(at: string): Promise<Server> {
  const server = createServer();
  await new Promise<void>((resolve) => server.listen(at, resolve));
  return server;
}

const connects = (): Promise<boolean> =>
  new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });

describe('the socket', () => {
  test('is there with mode 0600 while it is listened on, and gone after', async () => {
    const listener = await listen(options());
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(existsSync(`${path}~`)).toBe(false);
    expect(await connects()).toBe(true);
    await listener.close();
    expect(existsSync(path)).toBe(false);
  });

  test('of a dead agent is replaced', async () => {
    const dead = await serverAt(`${path}.dead`);
    renameSync(`${path}.dead`, path);
    await new Promise((resolve) => dead.close(resolve));
    expect(existsSync(path)).toBe(true);
    const listener = await listen(options());
    expect(await connects()).toBe(true);
    await listener.close();
  });

  test('of a living agent is refused with the remedy, and goes on serving', async () => {
    const living = await serverAt(path);
    const refused = await listen(options()).catch((error: unknown) => error);
    expect(cniErrors.socketInUse.is(refused)).toBe(true);
    expect(refused).toMatchObject({ remedy: expect.stringMatching(/Stop the agent/) });
    expect(await connects()).toBe(true);
    await new Promise((resolve) => living.close(resolve));
  });

  test('does not replace what is no socket', async () => {
    writeFileSync(path, 'precious');
    await expect(listen(options())).rejects.toSatisfy(cniErrors.socketBlocked.is);
    expect(statSync(path).size).toBe(8);
  });

  test('that somebody takes away is there again, and those who are connected stay', async () => {
    const connected: Socket[] = [];
    const listener = await listen({ ...options(), onConnection: (socket) => void connected.push(socket) });
    expect(await listener.repair()).toBe(false);
    const former = connect(path);
    await expect.poll(() => connected.length).toBe(1);
    rmSync(path);
    expect(await listener.repair()).toBe(true);
    expect(statSync(path).mode & 0o777).toBe(0o600);
    expect(await connects()).toBe(true);
    const heard = new Promise<string>((resolve) => former.once('data', (bytes) => resolve(String(bytes))));
    connected[0]?.end('still here');
    expect(await heard).toBe('still here');
    former.destroy();
    expect(await listener.repair()).toBe(false);
    await listener.close();
    expect(existsSync(path)).toBe(false);
  });

  test('of which another agent has the place is not taken back', async () => {
    const listener = await listen(options());
    rmSync(path);
    const other = await serverAt(path);
    await expect(listener.repair()).rejects.toMatchObject({ code: 'cni.socket_in_use' });
    await listener.close();
    expect(existsSync(path)).toBe(true);
    await new Promise((resolve) => other.close(resolve));
  });

  test('of another agent that has come since is left alone at the close', async () => {
    const listener = await listen(options());
    rmSync(path);
    const other = await serverAt(path);
    await listener.close();
    expect(existsSync(path)).toBe(true);
    await new Promise((resolve) => other.close(resolve));
  });

  test('with a path that no socket can have, or in a folder that is missing, is refused', async () => {
    await expect(listen({ ...options(), path: `/${'x'.repeat(110)}` })).rejects.toSatisfy(cniErrors.socketPath.is);
    await expect(listen({ ...options(), path: join(folder, 'missing', 'cni.sock') })).rejects.toSatisfy(cniErrors.listenFailed.is);
  });
});
