import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdtemp, rm, stat } from 'node:fs/promises';
import { request } from 'node:http';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { pino } from 'pino';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { systemRandom } from '../context/index.ts';
import { Events } from '../events/events.ts';
import type { AccessRules } from './access.ts';
import { agentView } from './agent-view.fixture.ts';
import { type ApiServer, serveApi } from './server.ts';
import { events } from './services.fixture.ts';

const NOBODY = 65_534;
const isRoot = process.platform === 'linux' && process.getuid?.() === 0;

const CALL = `
  const { request } = require('node:http');
  const [socketPath, method, path] = process.argv.slice(1);
  request({ socketPath, method, path }, (response) => {
    let body = '';
    response.on('data', (chunk) => (body += chunk)).on('end', () => console.log(JSON.stringify({ status: response.statusCode, body })));
  }).on('error', (error) => console.log(JSON.stringify({ error: error.code }))).end();`;

const CROWD = `
  const { connect } = require('node:net');
  let tried = 0;
  for (let n = 0; n < 300; n++) {
    const tell = () => ++tried === 300 && console.log('here');
    connect(process.argv[1]).once('connect', tell).once('error', tell).on('error', () => undefined);
  }`;

/** Sends requests ahead of their turn, behind one that does not end. */
const AHEAD = `
  const { connect } = require('node:net');
  const ask = (line) => line + ' HTTP/1.1\\r\\nHost: hawser\\r\\n\\r\\n';
  const socket = connect(process.argv[1]).once('data', () => console.log('here'));
  socket.write(ask('GET /v1/events?follow=true') + ask('GET /v1/version').repeat(100));`;

describe('who may talk to the agent', () => {
  let folder: string;
  let server: ApiServer | undefined;
  const asked: string[] = [];
  const log = pino({ level: 'warn' }, { write: (line: string) => void asked.push(line) });
  const agent = agentView();
  const serve = async (access?: AccessRules): Promise<string> => {
    const path = join(folder, 'hawser.sock');
    server = await serveApi({ agent, path, log, random: systemRandom, ...(access === undefined ? {} : { access }) });
    return path;
  };
  const askAs = async (uid: number, path: string, method = 'GET', url = '/v1/version'): Promise<unknown> => {
    const { stdout } = await promisify(execFile)(process.execPath, ['-e', CALL, path, method, url], { uid, cwd: '/', timeout: 10_000 });
    return JSON.parse(stdout);
  };

  beforeEach(async () => {
    asked.length = 0;
    folder = await mkdtemp(join(tmpdir(), 'hwt-'));
    await chmod(folder, 0o711);
  });
  afterEach(async () => {
    await server?.[Symbol.asyncDispose]();
    await rm(folder, { recursive: true });
  });

  test.skipIf(!isRoot)('nobody but root and its own user unless the config names them (needs root)', async () => {
    const path = await serve();
    expect((await stat(path)).mode & 0o777).toBe(0o600);
    expect(await askAs(0, path)).toMatchObject({ status: 200 });
    expect(await askAs(NOBODY, path)).toEqual({ error: 'EACCES' });
    await chmod(path, 0o666); // by mistake
    expect(await askAs(NOBODY, path)).toMatchObject({ status: 403, body: expect.stringContaining('api.permission_denied') as string });
    const told: unknown[] = asked.map((line) => JSON.parse(line));
    expect(told).toContainEqual(expect.objectContaining({ pid: process.pid, peer: expect.objectContaining({ uid: NOBODY }) }));
  });

  test.skipIf(!isRoot)('a user who is named, and a reader who may change nothing (needs root)', async () => {
    const path = await serve({ readerUids: [NOBODY], uids: [NOBODY - 1] });
    expect(await askAs(NOBODY, path)).toMatchObject({ status: 200 });
    expect(await askAs(NOBODY, path, 'POST', '/v1/gc')).toMatchObject({
      status: 403,
      body: expect.stringContaining('change nothing') as string,
    });
    expect(await askAs(NOBODY - 1, path, 'POST', '/v1/gc')).not.toMatchObject({ status: 403 });
    expect(await askAs(NOBODY - 2, path)).toMatchObject({ status: 403 });
  });

  test.skipIf(!isRoot)('who may do less leaves place for who may do more, however many connections it holds (needs root)', async () => {
    const path = await serve({ readerUids: [NOBODY] });
    for (const uid of [NOBODY, NOBODY - 2]) {
      const crowd = spawn(process.execPath, ['-e', CROWD, path], { uid, cwd: '/', stdio: ['ignore', 'pipe', 'inherit'] });
      try {
        await once(crowd.stdout, 'data');
        expect(await askAs(0, path)).toMatchObject({ status: 200 });
      } finally {
        crowd.kill('SIGKILL');
        await once(crowd, 'exit');
      }
      await expect.poll(() => askAs(uid, path)).toMatchObject({ status: uid === NOBODY ? 200 : 403 });
    }
  });

  test.skipIf(!isRoot)('who may do less leaves place for who may do more, however much it asks for at once (needs root)', async () => {
    const path = join(folder, 'hawser.sock');
    const endless = agentView(new Map<string, unknown>([[Events.id, events]]));
    server = await serveApi({ agent: endless, path, log, random: systemRandom, access: { readerUids: [NOBODY] } });
    const asking = spawn(process.execPath, ['-e', AHEAD, path], { uid: NOBODY, cwd: '/', stdio: ['ignore', 'pipe', 'inherit'] });
    try {
      await once(asking.stdout, 'data');
      expect(await askAs(0, path)).toMatchObject({ status: 200 });
      expect(await askAs(NOBODY, path)).toMatchObject({ status: 429 });
    } finally {
      asking.kill('SIGKILL');
      await once(asking, 'exit');
    }
    await expect.poll(() => askAs(NOBODY, path)).toMatchObject({ status: 200 });
  });

  test('more requests than it can bear are told to come again', async () => {
    const hanging = Promise.withResolvers<never>();
    hanging.promise.catch(() => undefined);
    const path = join(folder, 'hawser.sock');
    server = await serveApi({ agent: { ...agent, reload: () => hanging.promise }, path, log, random: systemRandom });
    const ask = (method: string, url: string): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const made = request({ socketPath: path, method, path: url, agent: false }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        made.once('error', reject);
        made.end();
      });
    const waiting = Array.from({ length: 64 }, () => ask('POST', '/v1/config/reload'));
    await expect.poll(() => ask('GET', '/v1/version')).toBe(429);
    // What is crowded is alive: who probes would end it.
    expect(await ask('GET', '/livez')).toBe(200);
    hanging.reject(new Error('enough'));
    await Promise.all(waiting);
    expect(await ask('GET', '/v1/version')).toBe(200);
  });

  test('requests that are lost with their connection behind another are not counted for ever', async () => {
    const path = join(folder, 'hawser.sock');
    const hanging = new Promise<never>(() => undefined);
    server = await serveApi({ agent: { ...agent, reload: () => hanging }, path, log, random: systemRandom });
    const status = (): Promise<number | undefined> =>
      new Promise((resolve, reject) => {
        const made = request({ socketPath: path, path: '/v1/version', agent: false }, (response) => {
          response.resume();
          resolve(response.statusCode);
        });
        made.once('error', reject);
        made.end();
      });
    const pipelining = connect(path);
    const waits = 'POST /v1/config/reload HTTP/1.1\r\nHost: hawser\r\nContent-Length: 0\r\n\r\n';
    pipelining.write(waits + 'GET /v1/version HTTP/1.1\r\nHost: hawser\r\n\r\n'.repeat(63));
    await expect.poll(status).toBe(429);
    pipelining.destroy();
    await expect.poll(status).toBe(200);
  });
});
