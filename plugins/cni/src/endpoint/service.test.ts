import { attachmentErrors, ipamErrors, networkErrors } from '@hawser/core/network';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { FakeAttachments } from '@hawser/core/testing';
import { OWN_NETNS, until, untilAborted } from '../testing/fakes.ts';
import { CONFIG, frame, serve, type Served } from '../testing/served.ts';

let served: Served;
let attachments: FakeAttachments;
const call: Served['call'] = (...call) => served.call(...call);
const open: Served['open'] = () => served.open();

beforeEach(async () => {
  served = await serve();
  ({ attachments } = served);
});

afterEach(async () => {
  await served[Symbol.asyncDispose]();
});

describe('each verb', () => {
  test('ADD prints the result in the version of the config', async () => {
    expect(await call('ADD')).toMatchObject({
      code: 0,
      json: { cniVersion: '1.0.0', ips: [{ address: '10.0.0.5/24', interface: 0 }], dns: {} },
    });
    expect(await call('ADD', { ...CONFIG, cniVersion: '0.2.0' })).toMatchObject({
      code: 0,
      json: { cniVersion: '0.2.0', ip4: { ip: '10.0.0.5/24' } },
    });
  });

  test('ADD in a chain passes on what was there', async () => {
    const prevResult = { interfaces: [{ name: 'net0', sandbox: '/run/netns/x' }], ips: [{ address: '192.168.0.2/24', interface: 0 }] };
    const { json } = await call('ADD', { ...CONFIG, prevResult });
    expect(json).toMatchObject({
      interfaces: [{ name: 'net0' }, { name: 'eth0' }],
      ips: [
        { address: '192.168.0.2/24', interface: 0 },
        { address: '10.0.0.5/24', interface: 1 },
      ],
    });
  });

  test('DEL prints nothing and succeeds however often it comes', async () => {
    await call('ADD');
    for (const CNI_NETNS of ['/run/netns/x', '', '/gone', OWN_NETNS])
      expect(await call('DEL', CONFIG, { CNI_NETNS })).toMatchObject({ code: 0, output: '' });
    expect(attachments.attached.size).toBe(0);
  });

  test('CHECK prints nothing, or code 3 where nothing is attached', async () => {
    const config = { ...CONFIG, prevResult: { ips: [] } };
    expect(await call('CHECK', config)).toMatchObject({ code: 3, json: { code: 3 } });
    await call('ADD');
    expect(await call('CHECK', config)).toMatchObject({ code: 0, output: '' });
  });

  test('GC hands on what the runtime knows', async () => {
    expect(await call('GC', { ...CONFIG, cniVersion: '1.1.0', 'cni.dev/valid-attachments': null })).toMatchObject({ code: 0, output: '' });
    expect(attachments.reaped).toEqual([{ network: 'net', valid: [] }]);
  });

  test('STATUS is 0 when the engine is ready and 50 when not, for whatever reason', async () => {
    const config = { ...CONFIG, cniVersion: '1.1.0' };
    expect(await call('STATUS', config)).toMatchObject({ code: 0, output: '' });
    await call('STATUS', { ...config, mode: 'macvlan' });
    expect(attachments.askedReady).toEqual([
      { name: 'net', settings: {} },
      { name: 'net', settings: {}, mode: 'macvlan' },
    ]);
    attachments.notReady = attachmentErrors.draining('the agent drains');
    expect(await call('STATUS', config)).toMatchObject({ code: 50, json: { code: 50, msg: 'the agent drains', cniVersion: '1.1.0' } });
  });

  test.each([
    [false, 0],
    [true, 50],
  ])('STATUS with no address left, where exhausted_is_unavailable is %s, is %i', async (exhausted_is_unavailable, code) => {
    await using other = await serve({ exhausted_is_unavailable });
    other.attachments.notReady = ipamErrors.exhausted('no address is left in 10.0.0.0/29');
    expect(await other.call('STATUS', { ...CONFIG, cniVersion: '1.1.0' })).toMatchObject({ code });
  });

  test('VERSION works with unreadable input', async () => {
    expect(await call('VERSION', 'garbage')).toMatchObject({
      code: 0,
      json: { cniVersion: '1.1.0', hawser: { socket: served.path, tombstones: '/t' } },
    });
  });
});

describe('an ADD that fails', () => {
  test("in the agent's own namespace is code 8, before anything is done", async () => {
    expect(await call('ADD', CONFIG, { CNI_NETNS: OWN_NETNS })).toMatchObject({ code: 8 });
    expect(await call('ADD', CONFIG, { CNI_NETNS: '/gone' })).toMatchObject({
      code: 4,
      json: { msg: expect.stringContaining('CNI_NETNS') },
    });
    expect(attachments.calls).toEqual([]);
  });

  test("has the mode's words, its code and the version of the config", async () => {
    attachments.beforeAttach = () => Promise.reject(networkErrors.unsupported('"vlan": 5 is not supported'));
    expect((await call('ADD', { ...CONFIG, cniVersion: '0.4.0' })).json).toEqual({
      cniVersion: '0.4.0',
      code: 2,
      msg: '"vlan": 5 is not supported',
      details: expect.stringContaining('network.unsupported'),
    });
  });

  test('because its version cannot say the result is undone', async () => {
    attachments.result = { interfaces: [], ips: [], routes: [] };
    expect(await call('ADD', { ...CONFIG, cniVersion: '0.1.0' })).toMatchObject({ code: 1 });
    expect(attachments.calls).toEqual(['attach c1/eth0', 'detach c1/eth0']);
  });

  test('because an earlier DEL still waits does nothing', async () => {
    served.settle = () => Promise.reject(attachmentErrors.busy('later'));
    expect(await call('ADD')).toMatchObject({ code: 11 });
    expect(attachments.calls).toEqual([]);
  });

  test('by a fault of ours keeps its text in the log', async () => {
    attachments.beforeAttach = () => Promise.reject(new Error('secret hunter2'));
    expect(await call('ADD')).toMatchObject({ code: 100, output: expect.not.stringContaining('hunter2') });
    expect(served.lines.join('')).toContain('hunter2');
  });
});

describe('a client that goes', () => {
  test('during its ADD cancels it', async () => {
    attachments.beforeAttach = untilAborted;
    const { socket } = open();
    socket.write(frame('ADD'));
    await until(() => attachments.calls.length === 1);
    socket.destroy();
    await served.service.drained();
    await until(() => served.lines.some((line) => line.includes('ADD failed')));
    expect(served.lines.join('')).toContain('cni.client_gone');
    expect(attachments.attached.size).toBe(0);
  });

  test('while an engine finishes all the same has its ADD undone', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    let cancelled = false;
    attachments.beforeAttach = ({ signal }) => {
      signal.addEventListener('abort', () => void (cancelled = true));
      return promise;
    };
    const { socket } = open();
    socket.write(frame('ADD'));
    await until(() => attachments.calls.length === 1);
    socket.destroy();
    await until(() => cancelled);
    resolve();
    await served.service.drained();
    expect(attachments.calls).toEqual(['attach c1/eth0', 'detach c1/eth0']);
  });

  test('during a repeated ADD leaves alone what was attached before', async () => {
    await call('ADD');
    const { promise, resolve } = Promise.withResolvers<void>();
    let cancelled = false;
    attachments.beforeAttach = ({ signal }) => {
      signal.addEventListener('abort', () => void (cancelled = true));
      return promise;
    };
    const { socket } = open();
    socket.write(frame('ADD'));
    await until(() => attachments.calls.length === 2);
    socket.destroy();
    await until(() => cancelled);
    resolve();
    await until(() => served.lines.some((line) => line.includes('ADD failed')));
    expect(attachments.calls).toEqual(['attach c1/eth0', 'attach c1/eth0']);
  });

  test('before its request is whole is forgotten', async () => {
    const { socket } = open();
    socket.write(frame('ADD').subarray(0, 30));
    socket.end();
    await served.service.drained();
    expect(attachments.calls).toEqual([]);
  });
});

describe('deadlines', () => {
  test('end an ADD with "try again"', async () => {
    attachments.beforeAttach = untilAborted;
    const answer = call('ADD');
    await until(() => attachments.calls.length === 1);
    await served.context.clock.advance(29_999);
    await served.context.clock.advance(1);
    expect(await answer).toMatchObject({ code: 11, json: { msg: 'ADD took longer than 30 s' } });
  });

  test('answer even when the engine never ends, and undo what it makes later', async () => {
    const { promise, resolve } = Promise.withResolvers<void>();
    attachments.beforeAttach = () => promise;
    const answer = call('ADD');
    await until(() => attachments.calls.length === 1);
    await served.context.clock.advance(30_000);
    await served.context.clock.advance(10_000);
    expect(await answer).toMatchObject({ code: 11 });
    resolve();
    await until(() => attachments.calls.length === 2);
    expect(attachments.attached.size).toBe(0);
  });

  test('close a mute client with an error', async () => {
    const { socket, answer } = open();
    await new Promise((resolve) => socket.once('connect', resolve));
    socket.write(frame('ADD').subarray(0, 7));
    await until(() => served.context.clock.waiting === 1);
    await served.context.clock.advance(5000);
    expect(await answer).toMatchObject({ exitCode: 5 });
  });
});

describe('a stopping agent', () => {
  test('cancels an ADD and lets a DEL end', async () => {
    await call('ADD', CONFIG, { CNI_CONTAINERID: 'c2' });
    const { promise, resolve } = Promise.withResolvers<void>();
    attachments.beforeAttach = untilAborted;
    attachments.beforeDetach = () => promise;
    const add = call('ADD');
    const del = call('DEL', CONFIG, { CNI_CONTAINERID: 'c2' });
    await until(() => attachments.calls.length === 3);
    served.stopping.abort(attachmentErrors.draining('the agent stops'));
    expect(await add).toMatchObject({ code: 11, json: { msg: 'the agent stops' } });
    resolve();
    expect(await del).toMatchObject({ code: 0 });
    await served.service.drained();
  });
});

describe('a log line', () => {
  test('names the call and how long it took, and nothing of its config', async () => {
    await call(
      'ADD',
      { ...CONFIG, password: 'hunter2', runtimeConfig: { x: 'hunter2' } },
      { CNI_ARGS: 'K8S_POD_NAMESPACE=shop;K8S_POD_NAME=web' },
    );
    const line: unknown = JSON.parse(served.lines.at(-1) ?? '{}');
    expect(line).toMatchObject({
      verb: 'ADD',
      network: 'net',
      containerId: 'c1',
      ifname: 'eth0',
      podNamespace: 'shop',
      podName: 'web',
      durationMs: 0,
    });
    expect(line).toHaveProperty('requestId', expect.stringMatching(/^\w{26}$/));
    expect(served.lines.join('')).not.toContain('hunter2');
  });

  test('of input that is refused says what is wrong, and not where in the code that was found', async () => {
    await call('ADD', CONFIG, { CNI_IFNAME: 'a/b' });
    const line: unknown = JSON.parse(served.lines.at(-1) ?? '{}');
    expect(line).toMatchObject({ code: 4, msg: expect.stringMatching(/^ADD failed: .*CNI_IFNAME/) });
    expect(line).not.toHaveProperty('err');
    expect(line).not.toHaveProperty('ifname');
  });

  test('names the container though its network config is refused', async () => {
    await call('ADD', { ...CONFIG, mode: 7 });
    const line: unknown = JSON.parse(served.lines.at(-1) ?? '{}');
    expect(line).toMatchObject({ verb: 'ADD', containerId: 'c1', ifname: 'eth0', msg: expect.stringContaining('mode') });
  });
});
