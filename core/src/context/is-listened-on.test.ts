import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rename, rm, writeFile } from 'node:fs/promises';
import { connect, createServer, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { isListenedOn } from './is-listened-on.ts';

let folder: string;
let path: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hwt-listened-'));
  path = join(folder, 'socket');
});
afterEach(() => rm(folder, { recursive: true }));

test('nobody is where there is nothing, a file, or the socket of a dead process', async () => {
  expect(await isListenedOn(path)).toBe(false);
  await writeFile(path, '');
  expect(await isListenedOn(path)).toBe(false);
  const dead = createServer().listen(`${path}~`);
  await once(dead, 'listening');
  await rename(`${path}~`, path);
  expect(await isListenedOn(path)).toBe(true);
  dead.close();
  await once(dead, 'close');
  expect(await isListenedOn(path)).toBe(false);
});

test('a process that accepts nobody, with its queue full, is there all the same', async () => {
  const script = "require('node:net').createServer().listen({ path: process.argv[1], backlog: 1 }, () => console.log('here'))";
  const child = spawn(process.execPath, ['-e', script, path], { stdio: ['ignore', 'pipe', 'inherit'] });
  const waiting: Socket[] = [];
  try {
    await once(child.stdout, 'data');
    child.kill('SIGSTOP');
    for (let refused = false; !refused;) {
      const socket = connect(path);
      waiting.push(socket);
      refused = await new Promise((resolve) => socket.once('connect', () => resolve(false)).once('error', () => resolve(true)));
    }
    expect(await isListenedOn(path)).toBe(true);
  } finally {
    for (const socket of waiting) socket.destroy();
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
});
