import { execFileSync, spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { systemContext } from '@hawser/core';
import type { Host } from '@hawser/core/network';
import { openLinuxHost } from '@hawser/host-linux';
import { BridgeConfig, BridgeMode } from '@hawser/mode-bridge';
import { expect, test } from 'vitest';

/** A router of 2001:db8::/64, for half an hour. */
const ADVERTISE = `
import socket, struct
s = socket.socket(socket.AF_INET6, socket.SOCK_RAW, socket.IPPROTO_ICMPV6)
link = socket.if_nametoindex('router')
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_HOPS, 255)
s.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_MULTICAST_IF, link)
s.sendto(struct.pack('!BBHBBHII', 134, 0, 0, 64, 0, 1800, 0, 0), ('ff02::1', 0, 0, link))
`;

const has = (program: string): boolean => spawnSync('sh', ['-c', `command -v ${program}`], { stdio: 'ignore' }).status === 0;
const isPossible = process.platform === 'linux' && process.getuid?.() === 0 && has('python3') && has('nsenter');

test.skipIf(!isPossible)('a node keeps the default route that a router has advertised (needs root, python3 and nsenter)', async () => {
  await using closing = new AsyncDisposableStack();
  const folder = closing.adopt(mkdtempSync(join(tmpdir(), 'hwt-')), (path) => rmSync(path, { recursive: true }));
  const host = closing.use(await openLinuxHost({ context: systemContext }));
  const open = async (name: string) => {
    const path = join(folder, `hwt-${name}`);
    await host.createNamespace(path);
    closing.defer(() => host.deleteNamespace(path));
    return { path, namespace: closing.use(await host.openNamespace(path)) };
  };
  const [router, node, pod] = [await open('router'), await open('node'), await open('pod')];
  for (const { namespace } of [router, node]) await namespace.setSysctl('net.ipv6.conf.default.accept_dad', '0');
  await node.namespace.createVeth({ name: 'uplink', up: true, peer: { namespace: router.namespace, name: 'router', up: true } });
  const advertised = async (): Promise<boolean> => (await node.namespace.routes({ family: 6 })).some(({ dst }) => dst === '::/0');
  await expect
    .poll(
      () => {
        execFileSync('nsenter', [`--net=${router.path}`, 'python3', '-c', ADVERTISE], { stdio: 'ignore' });
        return advertised();
      },
      { timeout: 10_000, interval: 200 },
    )
    .toBe(true);

  const inside: Host = {
    kind: host.kind,
    own: node.namespace,
    supports: (feature) => host.supports(feature),
    missing: (feature) => host.missing(feature),
    openNamespace: (path) => host.openNamespace(path),
    createNamespace: (path) => host.createNamespace(path),
    deleteNamespace: (path) => host.deleteNamespace(path),
  };
  const ipams = { get: () => undefined, ids: () => [], whyNot: () => '', [Symbol.iterator]: () => [][Symbol.iterator]() };
  const mode = new BridgeMode({ config: BridgeConfig.parse({}), host: inside, ipams, clock: systemContext.clock });
  const signal = AbortSignal.timeout(10_000);
  const attachment = { id: systemContext.random.id(), containerId: 'c1', ifname: 'eth0', netns: pod.path, network: 'n', mode: 'bridge' };
  const network = { name: 'n', settings: { isGateway: true }, capabilities: {} };
  const settings = mode.settings?.({ ...attachment, network, staticIps: [] }) ?? {};
  const data = { address: 'fd00:88::2/64', subnet: 'fd00:88::/64', gateway: 'fd00:88::1' };
  await mode.attach({ ...attachment, settings, claims: [{ type: 'address', key: 'fd00:88::2', data }] }, signal);

  expect(await node.namespace.sysctl('net.ipv6.conf.all.forwarding')).toBe('1');
  expect(await advertised()).toBe(true);
});
