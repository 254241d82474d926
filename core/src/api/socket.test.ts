import { link, mkdtemp, rm, stat, symlink, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { isListenedOn, systemRandom } from '../context/index.ts';
import { claimSocket, type ClaimedSocket } from './socket.ts';

let folder: string;
const servers = new Set<Server>();
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hwt-socket-'));
});
afterEach(async () => {
  for (const server of servers) server.close();
  servers.clear();
  await rm(folder, { recursive: true });
});

function listen(at: string): Promise<Server> {
  const server = createServer();
  servers.add(server);
  return new Promise((resolve) => server.listen(at, () => resolve(server)));
}

const claim = (at: string): Promise<ClaimedSocket> =>
  claimSocket({ path: at, random: systemRandom, mode: 0o600 }, async (own) => void (await listen(own)));

describe('a claimed socket', () => {
  test('takes the place of a dead one, and is released', async () => {
    const at = join(folder, 'left.sock');
    const corpse = await listen(join(folder, 'dead.sock'));
    await link(join(folder, 'dead.sock'), at);
    await new Promise((resolve) => corpse.close(resolve));
    const claimed = await claim(at);
    expect(await isListenedOn(at)).toBe(true);
    await claimed[Symbol.asyncDispose]();
    await expect(stat(at)).rejects.toThrow('ENOENT');
  });

  test('is refused where somebody listens', async () => {
    const at = join(folder, 'taken.sock');
    await listen(at);
    await expect(claim(at)).rejects.toMatchObject({ code: 'api.socket_in_use' });
    expect(await isListenedOn(at)).toBe(true);
  });

  test('goes to one of many that start at once', async () => {
    const at = join(folder, 'many.sock');
    const outcomes = await Promise.allSettled(Array.from({ length: 8 }, () => claim(at)));
    expect(outcomes.filter((outcome) => outcome.status === 'fulfilled')).toHaveLength(1);
  });

  test("leaves what isn't a socket where it is", async () => {
    const file = join(folder, 'file.sock');
    await writeFile(file, 'mine');
    await expect(claim(file)).rejects.toMatchObject({ code: 'api.socket_failed' });
    const dangling = join(folder, 'link.sock');
    await symlink('/nowhere', dangling);
    await expect(claim(dangling)).rejects.toMatchObject({ code: 'api.socket_failed' });
    expect((await stat(file)).size).toBe(4);
  });

  test('tells a path that is too long', async () => {
    await expect(claim(join(folder, 'x'.repeat(100)))).rejects.toMatchObject({ code: 'api.socket_failed' });
  });
});
