import type { Namespace } from '@hawser/core/network';
import { testContext } from '@hawser/core/testing';
import { describe, expect, it } from 'vitest';
import { openSimulatedHost, type SimulatedHost, SimulatedKernel } from '../index.ts';

/** A node's namespace /node with a bridge, pods on it, and /beyond behind an uplink. */
async function lab() {
  const { clock } = testContext();
  const kernel = new SimulatedKernel({ context: { clock } });
  const host = openSimulatedHost(kernel);
  const node = await made(host, '/node');
  await node.createBridge({ name: 'br0', up: true });
  await node.addAddress({ link: 'br0', cidr: '10.88.0.1/24' });
  await node.addAddress({ link: 'br0', cidr: 'fd00:88::1/64', nodad: true });
  const beyond = await made(host, '/beyond');
  await node.createVeth({ name: 'uplink', up: true, peer: { namespace: beyond, name: 'eth0', up: true } });
  await node.addAddress({ link: 'uplink', cidr: '192.0.2.1/24' });
  await beyond.addAddress({ link: 'eth0', cidr: '192.0.2.2/24' });
  await node.setSysctl('net.ipv4.ip_forward', '1');
  return { clock, kernel, host, node, beyond };
}

async function made(host: SimulatedHost, path: string): Promise<Namespace> {
  await host.createNamespace(path);
  return host.openNamespace(path);
}

async function pod(host: SimulatedHost, node: Namespace, number: number, nodad = true): Promise<Namespace> {
  const namespace = await made(host, `/pod${number}`);
  await node.createVeth({ name: `port${number}`, master: 'br0', up: true, peer: { namespace, name: 'eth0', up: true } });
  await namespace.addAddress({ link: 'eth0', cidr: `10.88.0.${number}/24` });
  await namespace.addAddress({ link: 'eth0', cidr: `fd00:88::${number}/64`, nodad });
  await namespace.replaceRoute({ dst: '0.0.0.0/0', gateway: '10.88.0.1' });
  return namespace;
}

describe('the way of a packet through the model', () => {
  it('is the same there and back over a bridge', async () => {
    const { kernel, host, node } = await lab();
    await pod(host, node, 5);
    await pod(host, node, 6);
    expect(kernel.trace('/pod5', '10.88.0.6')).toMatchObject({ reached: true, sourceSeen: '10.88.0.5' });
    expect(kernel.trace('/pod5', '10.88.0.6').hops.map((hop) => hop.split(':')[1])).toEqual(['eth0', 'eth0']);
  });

  it('shows the target the masquerading address, and the own one inside the subnet', async () => {
    const { kernel, host, node } = await lab();
    await pod(host, node, 5);
    await pod(host, node, 6);
    expect(kernel.trace('/pod5', '192.0.2.2')).toMatchObject({
      reached: false,
      sourceSeen: '10.88.0.5',
      reason: expect.stringContaining('the answer'),
    });
    await node.masquerade([{ source: '10.88.0.5', subnet: '10.88.0.0/24' }]);
    expect(kernel.trace('/pod5', '192.0.2.2')).toMatchObject({ reached: true, sourceSeen: '192.0.2.1' });
    expect(kernel.trace('/pod5', '10.88.0.6')).toMatchObject({ reached: true, sourceSeen: '10.88.0.5' });
    expect(kernel.trace('/pod6', '192.0.2.2')).toMatchObject({ reached: false });
  });

  it('takes the longest prefix, then the lowest priority', async () => {
    const { kernel, host, node, beyond } = await lab();
    const inside = await pod(host, node, 5);
    await beyond.replaceRoute({ dst: '10.88.0.0/24', gateway: '192.0.2.1' });
    expect(kernel.trace('/pod5', '192.0.2.2').reached).toBe(true);
    await inside.replaceRoute({ dst: '192.0.2.0/24', type: 'unreachable', priority: 10 });
    expect(kernel.trace('/pod5', '192.0.2.2')).toMatchObject({ reached: false, refused: true });
    await inside.replaceRoute({ dst: '192.0.2.2/32', gateway: '10.88.0.1' });
    expect(kernel.trace('/pod5', '192.0.2.2').reached).toBe(true);
    await inside.replaceRoute({ dst: '192.0.2.2/32', type: 'blackhole', priority: 5 });
    expect(kernel.trace('/pod5', '192.0.2.2').reached).toBe(true);
  });

  it('reaches a pod that has a host address by a host route', async () => {
    const { kernel, host, node } = await lab();
    const namespace = await made(host, '/eni');
    await node.createVeth({ name: 'eni0', up: true, peer: { namespace, name: 'eth0', up: true } });
    await node.replaceRoute({ dst: '10.1.0.7/32', link: 'eni0' });
    await namespace.addAddress({ link: 'eth0', cidr: '10.1.0.7/32' });
    await namespace.replaceRoute({ dst: '169.254.1.1/32', link: 'eth0', scope: 'link' });
    await namespace.replaceRoute({ dst: '0.0.0.0/0', gateway: '169.254.1.1', link: 'eth0', onlink: true });
    await namespace.setNeighbour({ link: 'eth0', address: '169.254.1.1', mac: (await node.link('eni0'))?.mac ?? '' });
    expect(kernel.trace('/eni', '10.88.0.1')).toMatchObject({ reached: true, sourceSeen: '10.1.0.7' });
    await node.replaceRoute({ dst: '10.1.0.7/32', type: 'unreachable' });
    expect(kernel.trace('/node', '10.1.0.7')).toMatchObject({ reached: false, refused: true });
  });

  it('sends nothing from an address of IPv6 that may still be another’s', async () => {
    const { clock, kernel, host, node } = await lab();
    await pod(host, node, 5, false);
    expect(kernel.trace('/pod5', 'fd00:88::1').reached).toBe(false);
    await clock.advance(2_000);
    expect(kernel.trace('/pod5', 'fd00:88::1').reached).toBe(true);
  });

  it('checks no address of IPv6 where the link is told not to', async () => {
    const { kernel, host, node } = await lab();
    const namespace = await pod(host, node, 5, false);
    await namespace.setSysctl('net.ipv6.conf.eth0.accept_dad', '0');
    await namespace.deleteAddress({ link: 'eth0', cidr: 'fd00:88::5/64' });
    await namespace.addAddress({ link: 'eth0', cidr: 'fd00:88::5/64' });
    expect(kernel.trace('/pod5', 'fd00:88::1').reached).toBe(true);
  });

  it('loses IPv6 below its least MTU', async () => {
    const { kernel, host, node } = await lab();
    const namespace = await pod(host, node, 5);
    await namespace.setLink('eth0', { mtu: 1_200 });
    expect((await namespace.addresses('eth0')).map((address) => address.cidr)).toEqual(['10.88.0.5/24']);
    expect(kernel.trace('/pod5', 'fd00:88::1').reached).toBe(false);
    expect(kernel.trace('/pod5', '10.88.0.1').reached).toBe(true);
  });

  it('drops what comes the wrong way where reverse paths are checked', async () => {
    const { kernel, host, node, beyond } = await lab();
    await pod(host, node, 5);
    await beyond.replaceRoute({ dst: '10.88.0.0/24', gateway: '192.0.2.1' });
    await node.setSysctl('net.ipv4.conf.br0.rp_filter', '1');
    expect(kernel.trace('/pod5', '192.0.2.2').reached).toBe(true);
    await node.replaceRoute({ dst: '10.88.0.5/32', link: 'uplink' });
    expect(kernel.trace('/pod5', '192.0.2.2')).toMatchObject({ reached: false, reason: expect.stringContaining('reverse path') });
  });

  it('ends in loops of routes', async () => {
    const { kernel, node, beyond } = await lab();
    await beyond.setSysctl('net.ipv4.ip_forward', '1');
    await node.replaceRoute({ dst: '203.0.113.0/24', gateway: '192.0.2.2' });
    await beyond.replaceRoute({ dst: '203.0.113.0/24', gateway: '192.0.2.1' });
    expect(kernel.trace('/node', '203.0.113.9')).toMatchObject({ reached: false, reason: expect.stringContaining('hop limit') });
  });

  it('ends in loops of bridges', async () => {
    const { kernel, node } = await lab();
    await node.createBridge({ name: 'br1', up: true });
    for (const number of [1, 2]) {
      await node.createVeth({ name: `a${number}`, master: 'br0', up: true, peer: { namespace: node, name: `b${number}`, up: true } });
      await node.setLink(`b${number}`, { master: 'br1' });
    }
    expect(kernel.trace('/node', '10.88.0.50').reached).toBe(false);
  });
});
