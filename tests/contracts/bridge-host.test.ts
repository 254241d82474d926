import { systemContext } from '@hawser/core';
import { Host, Ipam } from '@hawser/core/contracts';
import { describePluginContract, fakePlugin } from '@hawser/core/testing';
import { openSimulatedHost, SimulatedKernel } from '@hawser/host-simulated';
import bridge from '@hawser/mode-bridge';
import { beforeEach, describe, expect, it } from 'vitest';
import { BridgeBench, ipam } from './bridge-bench.ts';

const signal = new AbortController().signal;

describePluginContract(bridge, {
  module: '@hawser/mode-bridge',
  requires: () => [
    fakePlugin(Host, 'simulated', openSimulatedHost(new SimulatedKernel({ context: systemContext }))),
    fakePlugin(Ipam, 'range', ipam),
  ],
});

describe('the bridge on its host', () => {
  let bench: BridgeBench;
  beforeEach(() => {
    bench = new BridgeBench();
  });

  it('gets its gateways, forwards and takes no router advertisements', async () => {
    const { result } = await bench.attach({ isGateway: true, mtu: 1400 });
    expect((await bench.host.own.addresses('hawser0')).map(({ cidr }) => cidr)).toEqual(
      expect.arrayContaining(['10.88.0.1/24', 'fd00:88::1/64']),
    );
    const settings = ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding', 'net.ipv6.conf.hawser0.accept_ra'];
    expect(await Promise.all(settings.map((name) => bench.host.own.sysctl(name)))).toEqual(['1', '1', '0']);
    expect(result.interfaces.map(({ name, mtu }) => [name.slice(0, 4), mtu])).toEqual([
      ['haws', undefined],
      ['veth', 1400],
      ['eth0', 1400],
    ]);
    expect(result.routes).toEqual([]);
  });

  it('says that IPv6 needs a larger MTU, whether the network has the small one or the bridge', async () => {
    const refusal = { code: 'network.invalid_config', message: 'mtu 1000 is too small for IPv6: it needs 1280 bytes at least' };
    await expect(bench.attach({ bridge: 'small', mtu: 1000 })).rejects.toMatchObject(refusal);
    await bench.attach({ bridge: 'small', mtu: 1000 }, [4]);
    await expect(bench.attach({ bridge: 'small' })).rejects.toMatchObject(refusal);
  });

  it('has the least MTU of its containers, whichever came first, and is as it was after one that it has refused', async () => {
    const mtu = async (): Promise<number | undefined> => (await bench.host.own.link('hawser0'))?.mtu;
    await expect(bench.attach({ isGateway: true, mtu: 1000 })).rejects.toMatchObject({ code: 'network.invalid_config' });
    await bench.attach({ isGateway: true, mtu: 9000 });
    expect(await mtu()).toBe(9000);
    await bench.attach({ isGateway: true, mtu: 1400 });
    expect(await mtu()).toBe(1400);
  });

  it('has no address and leaves forwarding alone where it is no gateway', async () => {
    await bench.attach({});
    expect((await bench.host.own.addresses('hawser0')).filter(({ cidr }) => !cidr.startsWith('fe80'))).toEqual([]);
    expect(await bench.host.own.sysctl('net.ipv4.ip_forward')).toBe('0');
  });

  it('leaves the node what it has of routers: the links of its default routes go on taking advertisements, and no other', async () => {
    const acceptRa = (name: string): string => `net.ipv6.conf.${name}.accept_ra`;
    for (const [at, name] of ['uplink', 'spare', 'static'].entries()) {
      await bench.host.own.createVeth({ name, up: true, peer: { namespace: bench.host.own, name: `${name}p`, up: true } });
      if (name !== 'spare') await bench.host.own.replaceRoute({ dst: '::/0', gateway: 'fe80::1', link: name, priority: 1_000 + at });
    }
    await bench.host.own.setSysctl(acceptRa('static'), '0');
    await bench.attach({ isGateway: true }, [6]);
    expect(await Promise.all(['uplink', 'spare', 'static'].map((name) => bench.host.own.sysctl(acceptRa(name))))).toEqual(['2', '1', '0']);
  });

  it('takes no advertisements of containers, by a bridge that others have made or a port that is taken off it', async () => {
    const acceptRa = (name: string) => bench.host.own.sysctl(`net.ipv6.conf.${name}.accept_ra`);
    await bench.host.own.setSysctl('net.ipv6.conf.default.accept_ra', '2');
    await bench.host.own.createBridge({ name: 'hawser0', up: true });
    const { result } = await bench.attach({ isGateway: true });
    expect(await acceptRa('hawser0')).toBe('0');
    expect(await bench.host.own.sysctl(`net.ipv6.conf.${result.interfaces[1]?.name}.disable_ipv6`)).toBe('1');
  });

  it('leaves a bridge as it is by which the node is on a network: one of its ports leads there, or its default route', async () => {
    const names = ['ported', 'routed'];
    for (const name of names) await bench.host.own.createBridge({ name, up: true });
    bench.kernel.plug('uplink');
    await bench.host.own.setLink('uplink', { master: 'ported' });
    await bench.host.own.replaceRoute({ dst: '::/0', gateway: 'fe80::1', link: 'routed' });
    for (const name of names) await bench.attach({ bridge: name });
    expect(await Promise.all(names.map((name) => bench.host.own.sysctl(`net.ipv6.conf.${name}.accept_ra`)))).toEqual(['1', '1']);
  });

  it('keeps an address of somebody else that is in the way, unless it is forced', async () => {
    await bench.host.own.createBridge({ name: 'hawser0', up: true });
    await bench.host.own.addAddress({ link: 'hawser0', cidr: '10.88.0.254/24' });
    await expect(bench.attach({ isGateway: true }, [4])).rejects.toMatchObject({
      code: 'network.invalid_config',
      message: 'bridge hawser0 has the address 10.88.0.254/24, but 10.88.0.1 is to be the gateway of 10.88.0.0/24',
    });
    await bench.attach({ isGateway: true, forceAddress: true }, [4]);
    expect((await bench.host.own.addresses('hawser0')).map(({ cidr }) => cidr).filter((cidr) => cidr.startsWith('10.'))).toEqual([
      '10.88.0.1/24',
    ]);
  });

  it('refuses a subnet that is on another link of the node already, which would take its traffic, before it makes anything', async () => {
    await bench.attach({ isGateway: true }, [6]);
    await bench.attach({ isGateway: true, bridge: 'hawser1' }, [4]);
    await expect(bench.attach({ isGateway: true, bridge: 'hawser2' })).rejects.toThrow(
      'bridge hawser2 is to have the gateway fd00:88::1 of fd00:88::/64, but that subnet is on the link hawser0 already, by fd00:88::1/64',
    );
    expect(await bench.host.own.link('hawser2')).toBeUndefined();
    await bench.attach({ bridge: 'hawser2' });
    for (const name of ['hawser0', 'hawser1']) await bench.host.own.setLink(name, { up: false });
    await bench.attach({ isGateway: true, bridge: 'hawser2' });
  });

  it('refuses a link of its name that is no bridge', async () => {
    await bench.host.own.createVeth({ name: 'hawser0', peer: { namespace: bench.host.own, name: 'other' } });
    await expect(bench.attach({})).rejects.toMatchObject({
      code: 'network.invalid_config',
      message: 'the link hawser0 is no bridge but a veth',
    });
  });

  it('is repaired when others have taken it down', async () => {
    await bench.attach({ isGateway: true });
    await bench.host.own.setLink('hawser0', { up: false });
    await bench.attach({ isGateway: true });
    expect(await bench.host.own.link('hawser0')).toMatchObject({ up: true });
    expect((await bench.host.own.addresses('hawser0')).map(({ cidr }) => cidr)).toEqual(
      expect.arrayContaining(['10.88.0.1/24', 'fd00:88::1/64']),
    );
  });

  it.each([
    ['is deleted', () => bench.host.own.deleteLink('hawser0')],
    ['goes down', () => bench.host.own.setLink('hawser0', { up: false })],
    ['loses a gateway', () => bench.host.own.deleteAddress({ link: 'hawser0', cidr: '10.88.0.1/24' })],
    ['forwards no more', () => bench.host.own.setSysctl('net.ipv6.conf.all.forwarding', '0')],
  ])('is repaired by an agent that knows it when it %s', async (_what, damage) => {
    const agent = bench.mode();
    const whole = async () => ({
      link: await bench.host.own.link('hawser0'),
      addresses: (await bench.host.own.addresses('hawser0')).map(({ cidr }) => cidr).filter((cidr) => !cidr.startsWith('fe80')),
      forwarding: [await bench.host.own.sysctl('net.ipv4.ip_forward'), await bench.host.own.sysctl('net.ipv6.conf.all.forwarding')],
    });
    for (let times = 0; times < 3; times++) await agent.attach(await bench.prepare({ isGateway: true }), signal);
    const { addresses } = await whole();
    await damage();
    await agent.attach(await bench.prepare({ isGateway: true }), signal);
    const { link, ...rest } = await whole();
    expect(link).toMatchObject({ up: true });
    expect({ ...rest, addresses: rest.addresses.toSorted() }).toEqual({ addresses: addresses.toSorted(), forwarding: ['1', '1'] });
  });

  it('is as each of two plans wants it, whichever comes when', async () => {
    const agent = bench.mode();
    const gateways = async () =>
      (await bench.host.own.addresses('hawser0')).map(({ cidr }) => cidr).filter((cidr) => !cidr.startsWith('fe80'));
    for (let times = 0; times < 2; times++) {
      await agent.attach(await bench.prepare({}), signal);
      await agent.attach(await bench.prepare({ isGateway: true }, [4]), signal);
      await agent.attach(await bench.prepare({ isGateway: true, promiscMode: true }, [6]), signal);
      expect((await gateways()).toSorted()).toEqual(['10.88.0.1/24', 'fd00:88::1/64']);
      expect(await bench.host.own.link('hawser0')).toMatchObject({ promiscuous: true });
      await bench.host.own.setLink('hawser0', { promiscuous: false });
      for (const cidr of await gateways()) await bench.host.own.deleteAddress({ link: 'hawser0', cidr });
    }
  });

  it('that a failed repair left behind is not taken for whole', async () => {
    const agent = bench.mode();
    for (let times = 0; times < 2; times++) await agent.attach(await bench.prepare({ isGateway: true }), signal);
    await bench.host.own.deleteAddress({ link: 'hawser0', cidr: '10.88.0.1/24' });
    for (const when of ['before', 'after'] as const) {
      bench.kernel.sim.inject({ operation: 'addAddress', when, errno: 'EBUSY' });
      await expect(agent.attach(await bench.prepare({ isGateway: true }), signal)).rejects.toMatchObject({ code: 'host.busy' });
    }
    await agent.attach(await bench.prepare({ isGateway: true }), signal);
    expect((await bench.host.own.addresses('hawser0')).map(({ cidr }) => cidr)).toContain('10.88.0.1/24');
  });
});
