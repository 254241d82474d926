import { expect, test } from 'vitest';
import type { AgentProcess } from './harness/agent.ts';
import { add, call, CniResult, cnitool } from './harness/cnitool.ts';
import { openNetwork } from './harness/network.ts';
import { makeNamespace } from './harness/pod-namespace.ts';
import { ours, shared } from './harness/suite.ts';

/** What only our agent does beneath cnitool: crashes, garbage collection, refusals. */
const network = shared(['cnitool', 'ip', 'ping', 'nft'], openNetwork);
ours();

function agent(): AgentProcess {
  const { agent: process } = network();
  if (process === undefined) throw new Error('only with our network');
  return process;
}

test('a pod may have a second interface, and its first one goes on when that goes', async () => {
  await using pod = await makeNamespace();
  await add(network(), pod.path);
  await add(network(), pod.path, { ifname: 'eth1' });
  expect(await pod.exec('ip', '-o', 'addr', 'show', 'eth1')).toContain('10.213.0.');
  expect((await cnitool(network(), 'check', pod.path)).code).toBe(0);
  expect((await cnitool(network(), 'del', pod.path, { ifname: 'eth1' })).code).toBe(0);
  await pod.gone('eth1');
  for (const family of ['-4', '-6']) expect(await pod.exec('ip', family, 'route', 'show', 'default')).toContain('dev eth0');
  expect((await cnitool(network(), 'check', pod.path)).code).toBe(0);
  expect((await cnitool(network(), 'del', pod.path)).code).toBe(0);
  await network().nothingLeft();
});

test('an address that is taken is refused, and the refused ADD leaves nothing', async () => {
  await using pod = await makeNamespace();
  await using other = await makeNamespace();
  await add(network(), pod.path, { args: 'IP=10.213.0.88' });
  const refused = await cnitool(network(), 'add', other.path, { args: 'IP=10.213.0.88' });
  expect(refused.code).not.toBe(0);
  expect(refused.stdout + refused.stderr).toContain('10.213.0.88');
  expect(await other.exec('ip', '-o', 'link')).not.toContain('eth0');
  expect((await cnitool(network(), 'del', pod.path)).code).toBe(0);
  await network().nothingLeft();
});

test('STATUS and GC of cnitool, which calls DEL for all that it knows', async () => {
  await using kept = await makeNamespace();
  await using lost = await makeNamespace();
  expect((await cnitool(network(), 'status', kept.path)).code).toBe(0);
  await add(network(), kept.path);
  await add(network(), lost.path);
  await lost.remove();
  expect((await cnitool(network(), 'gc', kept.path)).code).toBe(0);
  await kept.gone('eth0');
  await network().nothingLeft();
});

test('the same ADD again is answered with what is there', async () => {
  await using pod = await makeNamespace();
  const first = await call(network(), { command: 'ADD', pod });
  const second = await call(network(), { command: 'ADD', pod });
  expect([first.code, second.code]).toEqual([0, 0]);
  expect(CniResult.parse(JSON.parse(second.stdout))).toEqual(CniResult.parse(JSON.parse(first.stdout)));
  expect((await call(network(), { command: 'DEL', pod })).code).toBe(0);
  await network().nothingLeft();
});

test('each fault of the environment and the input has its code and one sentence', async () => {
  const environment = await call(network(), { command: 'ADD' });
  expect(environment.code).not.toBe(0);
  expect(JSON.parse(environment.stdout)).toMatchObject({ code: 4, msg: expect.stringMatching(/CNI_CONTAINERID.*CNI_NETNS.*CNI_IFNAME/s) });
  expect(JSON.parse((await call(network(), { command: 'STATUS', cniVersion: '9.9.9' })).stdout)).toMatchObject({ code: 1 });
  const own = { CNI_CONTAINERID: 'own', CNI_NETNS: '/proc/self/ns/net', CNI_IFNAME: 'eth0' };
  expect(JSON.parse((await call(network(), { command: 'ADD', env: own })).stdout)).toMatchObject({ code: 8 });
  await using pod = await makeNamespace();
  const mode = await call(network(), { command: 'ADD', pod, config: { mode: 'nonsense' } });
  expect(JSON.parse(mode.stdout)).toMatchObject({ code: expect.any(Number), msg: expect.stringContaining('bridge') });
});

test('killed while pods run: they go on, and the next start knows them', async () => {
  await using left = await makeNamespace();
  await using right = await makeNamespace();
  await add(network(), left.path);
  const { ips } = await add(network(), right.path);
  await agent().stop('SIGKILL');
  await left.exec('ping', '-c', '1', '-W', '5', ips[0]?.address.split('/')[0] ?? '');
  await agent().start();
  for (const pod of [left, right]) expect((await cnitool(network(), 'check', pod.path)).code).toBe(0);
  for (const pod of [left, right]) expect((await cnitool(network(), 'del', pod.path)).code).toBe(0);
  await network().nothingLeft();
});

test('DEL while the agent is down succeeds, and is done when it is back', async () => {
  await using pod = await makeNamespace();
  await add(network(), pod.path);
  await agent().stop('SIGKILL');
  expect((await cnitool(network(), 'del', pod.path)).code).toBe(0);
  await pod.remove();
  await agent().start();
  await network().nothingLeft();
});

test('ADD while the agent is down fails with a code to try again, and leaves nothing', async () => {
  await using pod = await makeNamespace();
  await agent().stop();
  const { code, stdout, stderr } = await cnitool(network(), 'add', pod.path);
  await agent().start();
  expect(code).not.toBe(0);
  expect(stdout + stderr).not.toContain('not found');
  await network().nothingLeft();
});

test(
  'killed in the middle of twenty ADDs: no address is held by nobody or twice, and each ADD then works',
  { timeout: 180_000 },
  async () => {
    const pods = await Promise.all(Array.from({ length: 20 }, makeNamespace));
    const calls = pods.map((pod) => cnitool(network(), 'add', pod.path));
    await Promise.race(calls);
    await agent().stop('SIGKILL');
    const outcomes = await Promise.all(calls);
    await agent().start();
    const again = await Promise.all(pods.map(async (pod, at) => (outcomes[at]?.code === 0 ? undefined : add(network(), pod.path))));
    expect(again).toHaveLength(pods.length);
    const addresses = await Promise.all(pods.map((pod) => pod.exec('ip', '-4', '-o', 'addr', 'show', 'eth0')));
    expect(new Set(addresses.map((line) => /inet (\S+)/.exec(line)?.[1])).size).toBe(pods.length);
    const dels = await Promise.all(pods.map((pod) => cnitool(network(), 'del', pod.path)));
    expect(dels.map((del) => del.code)).toEqual(pods.map(() => 0));
    await network().nothingLeft();
    await Promise.all(pods.map((pod) => pod.remove()));
  },
);

test('killed in the middle of twenty DELs: repeated, they leave nothing', { timeout: 180_000 }, async () => {
  const pods = await Promise.all(Array.from({ length: 20 }, makeNamespace));
  await Promise.all(pods.map((pod) => add(network(), pod.path)));
  const calls = pods.map((pod) => cnitool(network(), 'del', pod.path));
  await Promise.race(calls);
  await agent().stop('SIGKILL');
  await Promise.all(calls);
  await agent().start();
  const dels = await Promise.all(pods.map((pod) => cnitool(network(), 'del', pod.path)));
  expect(dels.map((del) => del.code)).toEqual(pods.map(() => 0));
  await network().nothingLeft();
  await Promise.all(pods.map((pod) => pod.remove()));
});

test('a client that is killed takes its half-made ADD with it', async () => {
  await using pod = await makeNamespace();
  await call(network(), { command: 'ADD', pod, timeoutMs: 2 });
  expect((await call(network(), { command: 'DEL', pod })).code).toBe(0);
  await network().nothingLeft();
});
