import { expect, test } from 'vitest';
import * as z from 'zod';
import { add, cnitool, exec } from './harness/cnitool.ts';
import { must } from './harness/command.ts';
import { conflist, openNetwork } from './harness/network.ts';
import { makeNamespace } from './harness/pod-namespace.ts';
import { shared } from './harness/suite.ts';

const network = shared(['cnitool', 'ip', 'ping', 'nft'], openNetwork);

const bare = (address: string | undefined): string => (address ?? '').split('/', 1)[0] ?? '';
const pluginType = (): string => {
  const { plugins } = z.object({ plugins: z.array(z.object({ type: z.string() })) }).parse(JSON.parse(conflist(network())));
  return plugins[0]?.type ?? '';
};

test('VERSION lists what is spoken, without any config', async () => {
  const { code, stdout } = await exec(
    network(),
    pluginType(),
    { CNI_COMMAND: 'VERSION', CNI_NETNS: 'dummy', CNI_IFNAME: 'dummy', CNI_PATH: 'dummy' },
    { cniVersion: '1.0.0' },
  );
  expect(code).toBe(0);
  expect(z.object({ supportedVersions: z.array(z.string()) }).parse(JSON.parse(stdout)).supportedVersions).toEqual(
    expect.arrayContaining(['0.1.0', '0.4.0', '1.0.0']),
  );
});

test('ADD gives an interface with an address of each family, CHECK agrees, DEL takes it away, and may be repeated', async () => {
  await using pod = await makeNamespace();
  const result = await add(network(), pod.path);
  expect(result.ips.map((ip) => (ip.address.includes(':') ? 6 : 4))).toEqual([4, 6]);
  const shown = await pod.exec('ip', 'addr', 'show', 'eth0');
  for (const ip of result.ips) expect(shown).toContain(ip.address);
  expect((await cnitool(network(), 'check', pod.path)).code).toBe(0);
  expect((await cnitool(network(), 'del', pod.path)).code).toBe(0);
  await pod.gone('eth0');
  expect((await cnitool(network(), 'del', pod.path)).code).toBe(0);
  await network().nothingLeft();
});

test('CHECK tells that the address is gone from the interface', async () => {
  await using pod = await makeNamespace();
  const { ips } = await add(network(), pod.path);
  await pod.exec('ip', 'addr', 'del', ips[0]?.address ?? '', 'dev', 'eth0');
  const { code, stdout, stderr } = await cnitool(network(), 'check', pod.path);
  expect(code).not.toBe(0);
  expect(stdout + stderr).toContain(bare(ips[0]?.address));
  expect((await cnitool(network(), 'del', pod.path)).code).toBe(0);
  await network().nothingLeft();
});

test('two pods reach each other and their gateway', async () => {
  await using left = await makeNamespace();
  await using right = await makeNamespace();
  await add(network(), left.path);
  const { ips } = await add(network(), right.path);
  for (const ip of ips) {
    await left.exec('ping', '-c', '1', '-W', '5', bare(ip.address));
    await left.exec('ping', '-c', '1', '-W', '5', bare(ip.gateway));
  }
  for (const pod of [left, right]) expect((await cnitool(network(), 'del', pod.path)).code).toBe(0);
  await network().nothingLeft();
});

test('a third host beyond, without a route back, is reached behind the address of the node', async () => {
  await using pod = await makeNamespace();
  await using world = await makeNamespace();
  await must('ip', ['link', 'add', 'hwt-world', 'type', 'veth', 'peer', 'name', 'w0', 'netns', world.name]);
  await must('ip', ['addr', 'add', '192.0.2.1/24', 'dev', 'hwt-world']);
  await must('ip', ['addr', 'add', '2001:db8:213::1/64', 'dev', 'hwt-world', 'nodad']);
  await must('ip', ['link', 'set', 'hwt-world', 'up']);
  await world.exec('ip', 'addr', 'add', '192.0.2.2/24', 'dev', 'w0');
  await world.exec('ip', 'addr', 'add', '2001:db8:213::2/64', 'dev', 'w0', 'nodad');
  await world.exec('ip', 'link', 'set', 'w0', 'up');
  await add(network(), pod.path);
  await pod.exec('ping', '-c', '1', '-W', '5', '192.0.2.2');
  await pod.exec('ping', '-c', '1', '-W', '5', '2001:db8:213::2');
  expect((await cnitool(network(), 'del', pod.path)).code).toBe(0);
  await must('ip', ['link', 'delete', 'hwt-world']);
  await network().nothingLeft();
});

test('DEL works when the namespace is gone', async () => {
  await using pod = await makeNamespace();
  await add(network(), pod.path);
  await pod.remove();
  expect((await cnitool(network(), 'del', pod.path)).code).toBe(0);
  await network().nothingLeft();
});

test('an address and a MAC may be asked for', async () => {
  await using pod = await makeNamespace();
  const { ips, interfaces } = await add(network(), pod.path, { capabilities: { ips: ['10.213.0.77/24'], mac: '02:13:57:9b:df:01' } });
  expect(ips.map((ip) => ip.address)).toContain('10.213.0.77/24');
  expect(interfaces.find((link) => link.name === 'eth0')?.mac).toBe('02:13:57:9b:df:01');
  expect((await cnitool(network(), 'del', pod.path)).code).toBe(0);
  await network().nothingLeft();
});

test('twenty pods at once get twenty addresses of each family', async () => {
  const pods = await Promise.all(Array.from({ length: 20 }, makeNamespace));
  const results = await Promise.all(pods.map((pod) => add(network(), pod.path)));
  expect(new Set(results.flatMap((result) => result.ips.map((ip) => ip.address))).size).toBe(40);
  const outcomes = await Promise.all(pods.map((pod) => cnitool(network(), 'del', pod.path)));
  expect(outcomes.map((outcome) => outcome.code)).toEqual(pods.map(() => 0));
  await Promise.all(pods.map((pod) => pod.remove()));
  await network().nothingLeft();
});
