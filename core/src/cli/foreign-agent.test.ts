import { mkdtemp, rm } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { hawser } from '../testing/command-line.fixture.ts';
import { coreVersion } from '../version.ts';

let folder: string;
let socket: string;
let server: Server;
/** What the agent says at each path; `{}` at any other. */
let answers: Record<string, string>;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hwt-cli-'));
  socket = join(folder, 's');
  answers = {};
  server = createServer(({ url = '' }, response) => {
    response.setHeader('server', 'hawser').end(answers[url.split('?')[0] ?? ''] ?? '{}');
  });
  await new Promise<void>((resolve) => server.listen(socket, resolve));
});
afterEach(async () => {
  server.closeAllConnections();
  server.close();
  await rm(folder, { recursive: true });
});

test('an answer that can’t be read is no defect where the agent is of another version', async () => {
  answers['/v1/version'] = '{"agent":"0.0.1","core":"0.0.1"}';
  const { code, err } = await hawser('--socket', socket, 'leases', 'ls');
  expect([code, err]).toEqual([
    1,
    `hawser: the agent at ${socket} is of version 0.0.1, this command of ${coreVersion}: it can't read the answer [api.bad_answer]. ` +
      'Use the `hawser` of that version, or start the agent again, which starts the one that is installed now.\n',
  ]);
});

test('it is one where both are of one version, or none is told', async () => {
  for (const version of [`{"core":"${coreVersion}"}`, 'no JSON']) {
    answers['/v1/version'] = version;
    expect((await hawser('--socket', socket, 'leases', 'ls')).err).toContain('[internal.unexpected]');
  }
});

test('a program that reads events reads of a gap where it is', async () => {
  answers['/v1/events'] = '{"lagged":7,"resumeFrom":"a.1"}\n';
  const { out, err } = await hawser('--socket', socket, 'events', '-o', 'json');
  expect(JSON.parse(out)).toEqual({ lagged: 7, resumeFrom: 'a.1' });
  expect(err).toContain('7 events are left out');
  expect((await hawser('--socket', socket, 'events')).out).toBe('');
});
