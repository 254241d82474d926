import { existsSync, linkSync, mkdtempSync, renameSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Client, credentials, type ServiceError } from '@grpc/grpc-js';
import { currentRequest, HawserError, inRequest, systemContext } from '@hawser/core';
import type { ClaimRequest, NetworkMode } from '@hawser/core/network';
import * as fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import type * as z from 'zod';
import { Connection } from '../client/connection.ts';
import { attachmentMessage } from '../wire/encode.ts';
import { methodOf } from '../wire/proto.ts';
import { attachResponse, checkResponse, claimsResponse, handshakeResponse, healthResponse } from '../wire/shapes.ts';
import { attachment, never, rejection, request } from '../testing/bench.ts';
import { agentAddresses, proposeClaim } from './needs.ts';
import { serveMode } from './serve-mode.ts';
import type { ServeOptions, Served } from './server.ts';
import { Turns } from './turns.ts';

let folder: string;
let open: AsyncDisposableStack;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'hwt-'));
  open = new AsyncDisposableStack();
});
afterEach(async () => {
  await open.disposeAsync();
  rmSync(folder, { recursive: true, force: true });
});

const idle: NetworkMode = {
  claims: () => [],
  attach: async () => ({ interfaces: [], ips: [], routes: [] }),
  check: async () => undefined,
  detach: async () => undefined,
};
const serve = async (mode: Partial<NetworkMode> = {}, options: Partial<ServeOptions> = {}): Promise<Served> =>
  open.use(await serveMode({ ...idle, ...mode }, { socket: join(folder, 'a.sock'), name: 'acme', version: '1.0.0', ...options }));
const connect = ({ address }: Served): Connection =>
  open.use(new Connection({ address, maxMessageBytes: 2 ** 20, clock: systemContext.clock }));
const call = <T>(
  connection: Connection,
  service: string,
  name: string,
  message: object,
  answer: z.ZodType<T>,
  signal = never,
): Promise<T> => connection.unary({ method: methodOf(service, name), message, answer, deadlineMs: 5_000, signal });
const MODE = 'hawser.mode.v1.Mode';
const settled = (): Promise<void> => new Promise((resolve) => setTimeout(resolve, 20));

describe('what serves a mode', () => {
  it('is a part of the request that it is called for, in this process too', async () => {
    const heard: (string | undefined)[] = [];
    const connection = connect(await serve({ check: async () => void heard.push(currentRequest()) }));
    const check = () => call(connection, MODE, 'Check', { attachment: attachmentMessage(attachment()) }, checkResponse);
    await Promise.all([inRequest('one', check), inRequest('two', check)]);
    await check();
    expect(heard).toEqual(['one', 'two', undefined]);
  });

  it('says who it is, and hears its config', async () => {
    const heard: unknown[] = [];
    const connection = connect(await serve({}, { configure: (config) => void heard.push(config) }));
    const message = {
      apiVersions: [1, 2],
      uri: 'hawser.mode.v1.x',
      contract: 'hawser.mode.v1',
      config: { fields: { vlan: { numberValue: 7 } } },
    };
    expect(await call(connection, 'hawser.plugin.v1.Plugin', 'Handshake', message, handshakeResponse)).toEqual({
      apiVersion: 1,
      name: 'acme',
      version: '1.0.0',
      contracts: ['hawser.mode.v1'],
    });
    expect(heard).toEqual([{ vlan: 7 }]);
  });

  it.each([
    ['of other versions', { apiVersions: [2], contract: 'hawser.mode.v1' }, 'speaks version 1 of the API, the agent 2'],
    ['that wants something else', { apiVersions: [1], contract: 'hawser.ipam.v1' }, 'serves hawser.mode.v1, not hawser.ipam.v1'],
  ])('refuses an agent %s', async (_, message, says) => {
    const connection = connect(await serve());
    await expect(call(connection, 'hawser.plugin.v1.Plugin', 'Handshake', message, handshakeResponse)).rejects.toMatchObject({
      code: 'proxy.incompatible',
      message: expect.stringContaining(says),
    });
  });

  it('tells its health', async () => {
    const served = await serve();
    const connection = connect(served);
    const ask = () => call(connection, 'grpc.health.v1.Health', 'Check', {}, healthResponse);
    expect(await ask()).toEqual({ status: 'SERVING' });
    served.setServing(false);
    expect(await ask()).toEqual({ status: 'NOT_SERVING' });
  });

  it('hands errors over as they were thrown, and defects as such', async () => {
    let thrown: unknown = new HawserError('acme.x', { kind: 'NotFound', remedy: 'Mend it.' }, 'gone');
    const connection = connect(
      await serve({
        check: async () => {
          throw thrown;
        },
      }),
    );
    const check = () => call(connection, MODE, 'Check', { attachment: attachmentMessage(attachment()) }, checkResponse);
    await expect(check()).rejects.toMatchObject({ code: 'acme.x', kind: 'NotFound', remedy: 'Mend it.' });
    thrown = new TypeError('x is not a function');
    await expect(check()).rejects.toMatchObject({ code: 'internal.unexpected', message: 'x is not a function' });
  });

  it('tells a mode when its caller has given up, and begins nothing else of that attachment before it has ended', async () => {
    const begun = Promise.withResolvers<AbortSignal>();
    const end = Promise.withResolvers<void>();
    const log: string[] = [];
    const connection = connect(
      await serve({
        async attach(_, signal) {
          begun.resolve(signal);
          await end.promise;
          log.push('attach ended');
          return { interfaces: [], ips: [], routes: [] };
        },
        async check({ containerId }) {
          log.push(`check ${containerId}`);
        },
      }),
    );
    const caller = new AbortController();
    const attaching = call(connection, MODE, 'Attach', { attachment: attachmentMessage(attachment()) }, attachResponse, caller.signal);
    const outcome = rejection(attaching);
    const signal = await begun.promise;
    caller.abort(new Error('gone'));
    expect(await outcome).toMatchObject({ message: 'gone' });
    await expect.poll(() => signal.aborted).toBe(true);
    const same = call(connection, MODE, 'Check', { attachment: attachmentMessage(attachment()) }, checkResponse);
    await call(connection, MODE, 'Check', { attachment: attachmentMessage(attachment({ containerId: 'other' })) }, checkResponse);
    await settled();
    expect(log).toEqual(['check other']);
    end.resolve();
    await same;
    expect(log).toEqual(['check other', 'attach ended', 'check c']);
  });

  it('refuses requests that are none, from anybody, and goes on', async () => {
    const served = await serve();
    const client = new Client(served.address, credentials.createInsecure());
    open.defer(() => client.close());
    const same = (bytes: Buffer): Buffer => bytes;
    const raw = (name: string, bytes: Uint8Array) =>
      new Promise<ServiceError | null>((resolve) =>
        client.makeUnaryRequest(methodOf(MODE, name).path, same, same, Buffer.from(bytes), (error) => resolve(error)),
      );
    await fc.assert(
      fc.asyncProperty(fc.constantFrom('Settings', 'Claims', 'Attach', 'Check'), fc.uint8Array({ maxLength: 60 }), async (name, bytes) => {
        const error = await raw(name, bytes);
        expect([3, undefined]).toContain(error?.code);
      }),
      { numRuns: 200 },
    );
    expect(await call(connect(served), 'grpc.health.v1.Health', 'Check', {}, healthResponse)).toEqual({ status: 'SERVING' });
  });
});

describe('what a served mode claims', () => {
  const claims = async (wanted: readonly ClaimRequest[], refused: readonly object[] = []) => {
    const connection = connect(await serve({ claims: () => wanted }));
    const { network, ...plain } = request();
    const message = { request: { ...plain, network: { name: network.name } }, refused };
    return await call(connection, MODE, 'Claims', message, claimsResponse);
  };
  const candidate = (key: string) => ({ type: 'vf', key, data: { a: 1 } });

  it('is told as proposals and as the agent’s addresses', async () => {
    const wanted = [proposeClaim([candidate('x')], { cooldownMs: 5 }), agentAddresses('range').claim(request())];
    expect(await claims(wanted)).toEqual({
      needs: [{ proposal: { candidates: [candidate('x')], cooldownMs: 5 } }, { addressesFrom: 'range' }],
    });
  });

  it('leaves out what was refused, unless nothing else is left', async () => {
    const refused = [{ type: 'vf', key: 'x' }];
    const keys = ({ needs }: Awaited<ReturnType<typeof claims>>) =>
      needs.flatMap(({ proposal }) => proposal?.candidates.map(({ key }) => key) ?? []);
    expect(keys(await claims([proposeClaim([candidate('x'), candidate('y')])], refused))).toEqual(['y']);
    await open.disposeAsync();
    open = new AsyncDisposableStack();
    expect(keys(await claims([proposeClaim([candidate('x')])], refused))).toEqual(['x']);
  });

  it('is an error where only this process could take it', async () => {
    await expect(claims([{ type: 'vf', take: () => [] }])).rejects.toMatchObject({ code: 'proxy.not_portable' });
    expect(() => proposeClaim([])).toThrow('a claim needs a candidate');
    expect(() => proposeClaim([candidate('x')]).take({} as never, { holder: { containerId: 'c', ifname: 'e' }, lease: 'l' })).toThrow(
      'taken by the agent',
    );
  });
});

describe('a socket', () => {
  const socket = () => join(folder, 'a.sock');

  it('that a dead process has left is taken over', async () => {
    const dead = createServer();
    await new Promise<void>((resolve) => dead.listen(socket(), resolve));
    // Closing would remove it; a process that is killed does not.
    linkSync(socket(), `${socket()}.kept`);
    await new Promise((resolve) => dead.close(resolve));
    renameSync(`${socket()}.kept`, socket());
    expect(existsSync(socket())).toBe(true);
    expect(await call(connect(await serve()), 'grpc.health.v1.Health', 'Check', {}, healthResponse)).toEqual({ status: 'SERVING' });
  });

  it('at which somebody listens, or that is none, is left alone', async () => {
    const first = await serve();
    await expect(serve()).rejects.toMatchObject({ code: 'proxy.address_taken' });
    await first[Symbol.asyncDispose]();
    writeFileSync(socket(), 'mine');
    await expect(serve()).rejects.toMatchObject({ code: 'proxy.address_taken' });
    expect(existsSync(socket())).toBe(true);
  });

  it('is its user’s alone, and goes with who served at it', async () => {
    const served = await serve();
    expect(statSync(socket()).mode & 0o777).toBe(0o600);
    await served[Symbol.asyncDispose]();
    expect(existsSync(socket())).toBe(false);
  });

  it('in a folder that isn’t there is an error', async () => {
    await expect(serve({}, { socket: join(folder, 'nowhere', 'a.sock') })).rejects.toThrow('No address added');
  });
});

describe('turns', () => {
  it('are given up by who leaves before his has come, and are kept by the others', async () => {
    const turns = new Turns();
    const first = Promise.withResolvers<void>();
    const log: string[] = [];
    const one = turns.run('k', never, () => first.promise.then(() => void log.push('one')));
    const leaving = new AbortController();
    const two = turns.run('k', leaving.signal, async () => void log.push('two'));
    const three = turns.run('k', never, async () => void log.push('three'));
    leaving.abort(new Error('left'));
    await expect(two).rejects.toThrow('left');
    await settled();
    expect(log).toEqual([]);
    first.resolve();
    await Promise.all([one, three]);
    expect(log).toEqual(['one', 'three']);
  });

  it('go on after work that failed', async () => {
    const turns = new Turns();
    await expect(turns.run('k', never, () => Promise.reject(new Error('broken')))).rejects.toThrow('broken');
    expect(await turns.run('k', never, async () => 7)).toBe(7);
  });
});
