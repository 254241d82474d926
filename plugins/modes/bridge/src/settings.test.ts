import type { JsonObject } from '@hawser/core';
import type { AttachmentRequest } from '@hawser/core/network';
import { describe, expect, it } from 'vitest';
import { Config } from './config.ts';
import { type BridgeSettings, bridgeSettings } from './settings.ts';

const settings = (
  network: JsonObject,
  options: { readonly agent?: JsonObject; readonly capabilities?: JsonObject; readonly mac?: string } = {},
): BridgeSettings => {
  const request: AttachmentRequest = {
    containerId: 'c',
    ifname: 'eth0',
    netns: '/run/netns/c',
    network: { name: 'n', settings: network, capabilities: options.capabilities ?? {} },
    staticIps: [],
    ...(options.mac === undefined ? {} : { mac: options.mac }),
  };
  return bridgeSettings(request, Config.parse(options.agent ?? {}), ['range', 'other']);
};

describe('settings of the bridge mode', () => {
  it('are the agent’s where the network says nothing', () => {
    expect(settings({}, { agent: { bridge: 'br7', is_default_gateway: true, ip_masq: true, mtu: 1400, hairpin_mode: true } })).toEqual({
      bridge: 'br7',
      isGateway: true,
      isDefaultGateway: true,
      forceAddress: false,
      ipMasq: true,
      mtu: 1400,
      hairpinMode: true,
      promiscMode: false,
      ipam: 'range',
      routes: [],
    });
  });

  it('are the network’s where it says something', () => {
    const network = {
      bridge: 'cni0',
      isGateway: false,
      isDefaultGateway: false,
      ipMasq: false,
      mtu: 9000,
      promiscMode: true,
      ipam: { type: 'other' },
    };
    const agent = { bridge: 'br7', is_gateway: true, is_default_gateway: true, ip_masq: true, mtu: 1400, hairpin_mode: true };
    expect(settings(network, { agent })).toMatchObject({
      bridge: 'cni0',
      isGateway: false,
      isDefaultGateway: false,
      ipMasq: false,
      mtu: 9000,
      promiscMode: true,
      hairpinMode: false,
      ipam: 'other',
    });
  });

  it('take the MAC that the runtime asks for before the network’s', () => {
    expect(settings({ mac: '0A-58-0A-58-00-05' }).mac).toBe('0a:58:0a:58:00:05');
    expect(settings({ mac: '0a:58:0a:58:00:05' }, { mac: '0a:58:00:00:00:01' }).mac).toBe('0a:58:00:00:00:01');
  });

  it('pass routes and DNS on', () => {
    const network = {
      ipam: { routes: [{ dst: '10.1.2.3/8', gw: '10.88.0.9', priority: 7 }, { dst: '::/0' }] },
      dns: { nameservers: ['10.88.0.10'], search: ['a.example'], options: [], domain: '' },
    };
    expect(settings(network)).toMatchObject({
      routes: [{ dst: '10.0.0.0/8', gw: '10.88.0.9', priority: 7 }, { dst: '::/0' }],
      dns: { nameservers: ['10.88.0.10'], search: ['a.example'] },
    });
    expect(settings({ dns: {} }).dns).toBeUndefined();
  });

  it.each<[JsonObject, JsonObject]>([
    [{ vlan: 0, vlanTrunk: [], portIsolation: false, enabledad: false, macspoofchk: false, unknown: 1, ipam: {} }, {}],
    [
      { vlan: null, ipam: { type: '' }, dns: null, mtu: null },
      { portMappings: [], bandwidth: {}, aliases: ['web'] },
    ],
    [{}, { bandwidth: { IngressRate: 0, IngressBurst: 4_294_967_295, EgressRate: 0, EgressBurst: 4_294_967_295 } }],
  ])('take %j with %j for nothing asked', (network, capabilities) => {
    expect(settings(network, { capabilities })).toEqual(settings({}));
  });

  it.each<[JsonObject, JsonObject, string]>([
    [{ vlan: 7 }, {}, 'the bridge mode does not support the setting vlan yet (it is 7)'],
    [{ vlanTrunk: [{ id: 7 }] }, {}, 'the bridge mode does not support the setting vlanTrunk yet (it is [{"id":7}])'],
    [{ portIsolation: true }, {}, 'the bridge mode does not support the setting portIsolation yet (it is true)'],
    [{ enabledad: true }, {}, 'the bridge mode does not support the setting enabledad yet (it is true)'],
    [{ ipMasqBackend: 'iptables' }, {}, 'the bridge mode does not support the setting ipMasqBackend yet (it is "iptables")'],
    [{ ipam: { subnet: '10.0.0.0/8' } }, {}, 'the bridge mode does not support the setting ipam.subnet yet (it is "10.0.0.0/8")'],
    [
      { ipam: { type: 'host-local' } },
      {},
      `ipam.type "host-local" is not supported by the bridge mode: addresses come from the agent's own address plugins (on are range, other)`,
    ],
    [
      {},
      { portMappings: [{ hostPort: 80 }] },
      'the bridge mode does not support the capability portMappings yet (it is [{"hostPort":80}])',
    ],
    [
      {},
      { PortMappings: [{ HostPort: 80 }] },
      'the bridge mode does not support the capability portMappings yet (it is [{"HostPort":80}])',
    ],
    [
      {},
      { bandwidth: { IngressRate: 1000 } },
      'the bridge mode does not support the capability bandwidth yet (it is {"IngressRate":1000})',
    ],
    [
      {},
      { ipRanges: [[{ subnet: '10.0.0.0/8' }]] },
      'the bridge mode does not support the capability ipRanges yet (it is [[{"subnet":"10.0.0.0/8"}]])',
    ],
  ])('refuse %j with %j as unsupported', (network, capabilities, message) => {
    expect(() => settings(network, { capabilities })).toThrow(expect.objectContaining({ code: 'network.unsupported', message }));
  });

  it.each<[JsonObject, string]>([
    [{ hairpinMode: true, promiscMode: true }, 'hairpinMode and promiscMode exclude each other, but both are on'],
    [{ mac: 'soon' }, 'mac "soon" is no MAC address such as 0a:58:0a:58:00:05'],
    [{ mac: '01:00:5e:00:00:01' }, 'mac 01:00:5e:00:00:01 is not the address of one station'],
    [{ mtu: 40 }, 'mtu 40 is too small: a link needs 68 bytes at least'],
    [{ ipam: { routes: [{ dst: '10.0.0.0' }] } }, 'ipam.routes.0.dst "10.0.0.0" is no destination such as 10.0.0.0/8'],
    [{ ipam: { routes: [{ dst: '10.0.0.0/8', gw: 'fd00::1' }] } }, 'ipam.routes.0.gw "fd00::1" is no IPv4 address'],
  ])('refuse %j as invalid', (network, message) => {
    expect(() => settings(network)).toThrow(expect.objectContaining({ code: 'network.invalid_config', message }));
  });

  it.each<JsonObject>([{ bridge: 'a/b' }, { bridge: 7 }, { isGateway: 'yes' }, { mtu: -1 }, { ipam: [] }, { dns: 'x' }])(
    'refuse the wrong type in %j',
    (network) => {
      expect(() => settings(network)).toThrow(expect.objectContaining({ code: 'network.invalid_config' }));
    },
  );

  it('exclude hairpin and promiscuous mode in the agent’s config too', () => {
    expect(Config.safeParse({ hairpin_mode: true, promisc_mode: true }).error?.issues).toMatchObject([{ path: ['promisc_mode'] }]);
  });
});
