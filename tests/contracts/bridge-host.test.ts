import { type Providers, systemContext } from '@hawser/core';
import { Host, Ipam } from '@hawser/core/contracts';
import type { Attachment, AttachmentRequest, NetworkMode } from '@hawser/core/network';
import { describePluginContract, fakePlugin, testContext } from '@hawser/core/testing';
import { openSimulatedHost, type SimulatedHost, SimulatedKernel } from '@hawser/host-simulated';
import bridge, { BridgeConfig, BridgeMode } from '@hawser/mode-bridge';
import { beforeEach, describe, expect, it } from 'vitest';

const ipam: Ipam = { claim: () => ({ type: 'address', take: () => [] }), subnets: () => [] };
const ipams: Providers<Ipam> = {
  get: () => ipam,
  ids: () => ['range'],
  whyNot: () => '',
  [Symbol.iterator]: () => [['range', ipam] as const][Symbol.iterator](),
};
const signal = new AbortController().signal;

describePluginContract(bridge, {
  module: '@hawser/mode-bridge',
  requires: () => [
    fakePlugin(Host, 'simulated', openSimulatedHost(new SimulatedKernel({ context: systemContext }))),
    fakePlugin(Ipam, 'range', ipam),
  ],
});

describe('the bridge on its host', () => {
  let kernel: SimulatedKernel;
  let host: SimulatedHost;
  let made = 0;
  beforeEach(() => {
    kernel = new SimulatedKernel({ context: { clock: testContext().clock } });
    host = openSimulatedHost(kernel);
  });

  const mode = (): NetworkMode => new BridgeMode({ config: BridgeConfig.parse({}), host, ipams, clock: systemContext.clock });
  const prepare = async (
    settings: AttachmentRequest['network']['settings'],
    families: readonly (4 | 6)[] = [4, 6],
  ): Promise<Attachment> => {
    const number = ++made + 1;
    const [containerId, netns] = [`c${number}`, `/run/netns/hwt-${number}`];
    await host.createNamespace(netns);
    const request: AttachmentRequest = {
      containerId,
      ifname: 'eth0',
      netns,
      network: { name: 'n', settings, capabilities: {} },
      staticIps: [],
    };
    const address = (key: string, length: number, subnet: string, gateway: string) => ({
      type: 'address',
      key,
      data: { address: `${key}/${length}`, subnet, gateway },
    });
    const all = {
      4: address(`10.88.0.${number}`, 24, '10.88.0.0/24', '10.88.0.1'),
      6: address(`fd00:88::${number}`, 64, 'fd00:88::/64', 'fd00:88::1'),
    };
    return {
      id: testContext({ seed: number }).random.id(),
      containerId,
      ifname: 'eth0',
      netns,
      network: 'n',
      mode: 'bridge',
      settings: (await mode().settings?.(request, signal)) ?? {},
      claims: families.map((family) => all[family]),
    };
  };
  const attach = async (settings: AttachmentRequest['network']['settings'], families?: readonly (4 | 6)[]) => {
    const attachment = await prepare(settings, families);
    return { attachment, result: await mode().attach(attachment, signal) };
  };

  it('gets its gateways, forwards and takes no router advertisements', async () => {
    const { result } = await attach({ isGateway: true, mtu: 1400 });
    expect((await host.own.addresses('hawser0')).map(({ cidr }) => cidr)).toEqual(
      expect.arrayContaining(['10.88.0.1/24', 'fd00:88::1/64']),
    );
    const settings = ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding', 'net.ipv6.conf.hawser0.accept_ra'];
    expect(await Promise.all(settings.map((name) => host.own.sysctl(name)))).toEqual(['1', '1', '0']);
    expect(result.interfaces.map(({ name, mtu }) => [name.slice(0, 4), mtu])).toEqual([
      ['haws', undefined],
      ['veth', 1400],
      ['eth0', 1400],
    ]);
    expect(result.routes).toEqual([]);
  });

  it('says that IPv6 needs a larger MTU, whether the network has the small one or the bridge', async () => {
    const refusal = { code: 'network.invalid_config', message: 'mtu 1000 is too small for IPv6: it needs 1280 bytes at least' };
    await expect(attach({ bridge: 'small', mtu: 1000 })).rejects.toMatchObject(refusal);
    await attach({ bridge: 'small', mtu: 1000 }, [4]);
    await expect(attach({ bridge: 'small' })).rejects.toMatchObject(refusal);
  });

  it('has the least MTU of its containers, whichever came first, and is as it was after one that it has refused', async () => {
    const mtu = async (): Promise<number | undefined> => (await host.own.link('hawser0'))?.mtu;
    await expect(attach({ isGateway: true, mtu: 1000 })).rejects.toMatchObject({ code: 'network.invalid_config' });
    await attach({ isGateway: true, mtu: 9000 });
    expect(await mtu()).toBe(9000);
    await attach({ isGateway: true, mtu: 1400 });
    expect(await mtu()).toBe(1400);
  });

  it('has no address and leaves forwarding alone where it is no gateway', async () => {
    await attach({});
    expect((await host.own.addresses('hawser0')).filter(({ cidr }) => !cidr.startsWith('fe80'))).toEqual([]);
    expect(await host.own.sysctl('net.ipv4.ip_forward')).toBe('0');
  });

  it('leaves the node what it has of routers: the links of its default routes go on taking advertisements, and no other', async () => {
    const acceptRa = (name: string): string => `net.ipv6.conf.${name}.accept_ra`;
    for (const [at, name] of ['uplink', 'spare', 'static'].entries()) {
      await host.own.createVeth({ name, up: true, peer: { namespace: host.own, name: `${name}p`, up: true } });
      if (name !== 'spare') await host.own.replaceRoute({ dst: '::/0', gateway: 'fe80::1', link: name, priority: 1_000 + at });
    }
    await host.own.setSysctl(acceptRa('static'), '0');
    await attach({ isGateway: true }, [6]);
    expect(await Promise.all(['uplink', 'spare', 'static'].map((name) => host.own.sysctl(acceptRa(name))))).toEqual(['2', '1', '0']);
  });

  it('takes no advertisements of containers, by a bridge that others have made or a port that is taken off it', async () => {
    const acceptRa = (name: string) => host.own.sysctl(`net.ipv6.conf.${name}.accept_ra`);
    await host.own.setSysctl('net.ipv6.conf.default.accept_ra', '2');
    await host.own.createBridge({ name: 'hawser0', up: true });
    const { result } = await attach({ isGateway: true });
    expect(await acceptRa('hawser0')).toBe('0');
    expect(await host.own.sysctl(`net.ipv6.conf.${result.interfaces[1]?.name}.disable_ipv6`)).toBe('1');
  });

  it('leaves a bridge as it is by which the node is on a network: one of its ports leads there, or its default route', async () => {
    const names = ['ported', 'routed'];
    for (const name of names) await host.own.createBridge({ name, up: true });
    kernel.plug('uplink');
    await host.own.setLink('uplink', { master: 'ported' });
    await host.own.replaceRoute({ dst: '::/0', gateway: 'fe80::1', link: 'routed' });
    for (const name of names) await attach({ bridge: name });
    expect(await Promise.all(names.map((name) => host.own.sysctl(`net.ipv6.conf.${name}.accept_ra`)))).toEqual(['1', '1']);
  });

  it('keeps an address of somebody else that is in the way, unless it is forced', async () => {
    await host.own.createBridge({ name: 'hawser0', up: true });
    await host.own.addAddress({ link: 'hawser0', cidr: '10.88.0.254/24' });
    await expect(attach({ isGateway: true }, [4])).rejects.toMatchObject({
      code: 'network.invalid_config',
      message: 'bridge hawser0 has the address 10.88.0.254/24, but 10.88.0.1 is to be the gateway of 10.88.0.0/24',
    });
    await attach({ isGateway: true, forceAddress: true }, [4]);
    expect((await host.own.addresses('hawser0')).map(({ cidr }) => cidr).filter((cidr) => cidr.startsWith('10.'))).toEqual([
      '10.88.0.1/24',
    ]);
  });

  it('refuses a subnet that is on another link of the node already, which would take its traffic, before it makes anything', async () => {
    await attach({ isGateway: true }, [6]);
    await attach({ isGateway: true, bridge: 'hawser1' }, [4]);
    await expect(attach({ isGateway: true, bridge: 'hawser2' })).rejects.toThrow(
      'bridge hawser2 is to have the gateway fd00:88::1 of fd00:88::/64, but that subnet is on the link hawser0 already, by fd00:88::1/64',
    );
    expect(await host.own.link('hawser2')).toBeUndefined();
    await attach({ bridge: 'hawser2' });
    for (const name of ['hawser0', 'hawser1']) await host.own.setLink(name, { up: false });
    await attach({ isGateway: true, bridge: 'hawser2' });
  });

  it('refuses a link of its name that is no bridge', async () => {
    await host.own.createVeth({ name: 'hawser0', peer: { namespace: host.own, name: 'other' } });
    await expect(attach({})).rejects.toMatchObject({ code: 'network.invalid_config', message: 'the link hawser0 is no bridge but a veth' });
  });

  it('is repaired when others have taken it down', async () => {
    await attach({ isGateway: true });
    await host.own.setLink('hawser0', { up: false });
    await attach({ isGateway: true });
    expect(await host.own.link('hawser0')).toMatchObject({ up: true });
    expect((await host.own.addresses('hawser0')).map(({ cidr }) => cidr)).toEqual(
      expect.arrayContaining(['10.88.0.1/24', 'fd00:88::1/64']),
    );
  });

  it.each([
    ['is deleted', () => host.own.deleteLink('hawser0')],
    ['goes down', () => host.own.setLink('hawser0', { up: false })],
    ['loses a gateway', () => host.own.deleteAddress({ link: 'hawser0', cidr: '10.88.0.1/24' })],
    ['forwards no more', () => host.own.setSysctl('net.ipv6.conf.all.forwarding', '0')],
  ])('is repaired by an agent that knows it when it %s', async (_what, damage) => {
    const agent = mode();
    const whole = async () => ({
      link: await host.own.link('hawser0'),
      addresses: (await host.own.addresses('hawser0')).map(({ cidr }) => cidr).filter((cidr) => !cidr.startsWith('fe80')),
      forwarding: [await host.own.sysctl('net.ipv4.ip_forward'), await host.own.sysctl('net.ipv6.conf.all.forwarding')],
    });
    for (let times = 0; times < 3; times++) await agent.attach(await prepare({ isGateway: true }), signal);
    const { addresses } = await whole();
    await damage();
    await agent.attach(await prepare({ isGateway: true }), signal);
    const { link, ...rest } = await whole();
    expect(link).toMatchObject({ up: true });
    expect({ ...rest, addresses: rest.addresses.toSorted() }).toEqual({ addresses: addresses.toSorted(), forwarding: ['1', '1'] });
  });

  it('is as each of two plans wants it, whichever comes when', async () => {
    const agent = mode();
    const gateways = async () => (await host.own.addresses('hawser0')).map(({ cidr }) => cidr).filter((cidr) => !cidr.startsWith('fe80'));
    for (let times = 0; times < 2; times++) {
      await agent.attach(await prepare({}), signal);
      await agent.attach(await prepare({ isGateway: true }, [4]), signal);
      await agent.attach(await prepare({ isGateway: true, promiscMode: true }, [6]), signal);
      expect((await gateways()).toSorted()).toEqual(['10.88.0.1/24', 'fd00:88::1/64']);
      expect(await host.own.link('hawser0')).toMatchObject({ promiscuous: true });
      await host.own.setLink('hawser0', { promiscuous: false });
      for (const cidr of await gateways()) await host.own.deleteAddress({ link: 'hawser0', cidr });
    }
  });

  it('that a failed repair left behind is not taken for whole', async () => {
    const agent = mode();
    for (let times = 0; times < 2; times++) await agent.attach(await prepare({ isGateway: true }), signal);
    await host.own.deleteAddress({ link: 'hawser0', cidr: '10.88.0.1/24' });
    for (const when of ['before', 'after'] as const) {
      kernel.sim.inject({ operation: 'addAddress', when, errno: 'EBUSY' });
      await expect(agent.attach(await prepare({ isGateway: true }), signal)).rejects.toMatchObject({ code: 'host.busy' });
    }
    await agent.attach(await prepare({ isGateway: true }), signal);
    expect((await host.own.addresses('hawser0')).map(({ cidr }) => cidr)).toContain('10.88.0.1/24');
  });

  it('takes a pair over that its own earlier life has left, whose books are lost', async () => {
    const ports = async () => (await host.own.links()).filter(({ kind }) => kind === 'veth').map(({ name }) => name);
    const { attachment } = await attach({});
    const former = await ports();
    const { interfaces } = await mode().attach({ ...attachment, id: testContext({ seed: 99 }).random.id() }, signal);
    expect(await ports()).toEqual([interfaces[1]?.name]);
    expect(await ports()).not.toEqual(former);
  });

  it.each([
    ['has no mark of ours', undefined],
    ['is marked as another container’s', 'hawser:c99/eth0'],
  ])('leaves a pair alone whose end %s', async (_what, alias) => {
    const attachment = await prepare({});
    using inside = await host.openNamespace(attachment.netns);
    await host.own.createVeth({ name: 'theirs', ...(alias && { alias }), peer: { namespace: inside, name: 'eth0' } });
    await expect(mode().attach(attachment, signal)).rejects.toMatchObject({ code: 'host.already_exists' });
    expect(await host.own.link('theirs')).toMatchObject({ kind: 'veth' });
  });

  it('lets containers reach each other', async () => {
    const [first, second] = [await attach({ isDefaultGateway: true }), await attach({ isDefaultGateway: true })];
    using namespace = await host.openNamespace(first.attachment.netns);
    for (const { address } of second.result.ips) await namespace.ping(address.split('/')[0] ?? '', { timeoutMs: 100, signal });
    for (const address of ['10.88.0.1', 'fd00:88::1']) await namespace.ping(address, { timeoutMs: 100, signal });
  });

  it.each([
    [[4] as const, 12],
    [[4, 6] as const, 16],
  ])('asks little of the kernel for families %j', async (families, most) => {
    const agent = mode();
    for (let times = 0; times < 3; times++) await agent.attach(await prepare({ isDefaultGateway: true, ipMasq: true }, families), signal);
    const attachment = await prepare({ isDefaultGateway: true, ipMasq: true }, families);
    const before = calls(kernel);
    await agent.attach(attachment, signal);
    expect(calls(kernel) - before).toBeLessThanOrEqual(most);
  });
});

const OPERATIONS = [
  'openNamespace',
  'links',
  'link',
  'isRunning',
  'revision',
  'createVeth',
  'createBridge',
  'setLink',
  'deleteLink',
  'addresses',
  'addAddress',
  'routes',
  'replaceRoute',
  'neighbours',
  'setNeighbour',
  'sysctl',
  'setSysctl',
  'masquerade',
  'masquerades',
] as const;

const calls = (kernel: SimulatedKernel): number => OPERATIONS.reduce((sum, operation) => sum + kernel.sim.count(operation), 0);
