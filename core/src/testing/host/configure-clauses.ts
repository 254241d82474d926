import { describe, expect, it } from 'vitest';
import type { LinkConfiguration, Namespace } from '../../network/host.ts';
import { destinations } from './address-clauses.ts';
import { type HostBench, linkOf } from './bench.ts';
import { bridgedNode } from './topology.ts';

const MAC = '0a:58:0a:58:00:01';

const WHOLE: LinkConfiguration = {
  sysctls: { 'net.ipv4.conf.eth0.arp_notify': '1', 'net.ipv6.conf.eth0.accept_dad': '0' },
  addresses: [{ cidr: 'fd00:88::5/64', nodad: true }, { cidr: '10.88.0.5/24' }],
  up: true,
  routes: [
    { dst: '0.0.0.0/0', gateway: '10.88.0.1' },
    { dst: '::/0', gateway: 'fd00:88::1' },
    { dst: '192.0.2.0/24', gateway: '10.88.0.1', mtu: 1400 },
  ],
  neighbours: [
    { address: '10.88.0.1', mac: MAC },
    { address: 'fd00:88::1', mac: MAC },
  ],
};

/** A namespace with `eth0`, down, whose other end is a port of a bridge that runs. */
async function fresh(bench: HostBench): Promise<Namespace> {
  const [node, pod] = [await bridgedNode(bench), await bench.namespace()];
  await node.createVeth({ name: 'port0', master: 'br0', up: true, peer: { namespace: pod, name: 'eth0' } });
  return pod;
}

async function expectWhole(pod: Namespace): Promise<void> {
  expect(await linkOf(pod, 'eth0')).toMatchObject({ up: true });
  expect(await pod.sysctl('net.ipv4.conf.eth0.arp_notify')).toBe('1');
  expect(await pod.sysctl('net.ipv6.conf.eth0.accept_dad')).toBe('0');
  expect((await pod.addresses('eth0')).map(({ cidr }) => cidr)).toEqual(expect.arrayContaining(['10.88.0.5/24', 'fd00:88::5/64']));
  expect(await destinations(pod)).toEqual(['0.0.0.0/0', '10.88.0.0/24', '192.0.2.0/24', '::/0', 'fd00:88::/64']);
  expect(await pod.routes({ table: 254 })).toContainEqual(
    expect.objectContaining({ dst: '192.0.2.0/24', gateway: '10.88.0.1', link: 'eth0', mtu: 1400 }),
  );
  const permanent = (await pod.neighbours('eth0')).filter(({ state }) => state === 'permanent');
  expect(permanent.map(({ address, mac }) => `${address} ${mac}`).toSorted()).toEqual([`10.88.0.1 ${MAC}`, `fd00:88::1 ${MAC}`]);
}

/** A link's whole configuration in one call. */
export function configureClauses(bench: HostBench): void {
  describe('configuring a link', () => {
    it('sets all of it, whatever the order that it is told in, again without harm', async () => {
      const pod = await fresh(bench);
      for (let times = 0; times < 2; times++) {
        await pod.configureLink('eth0', WHOLE);
        await expectWhole(pod);
      }
    });

    it('lets the link be used when it is done', async (test) => {
      bench.needs(test, 'raw_ping');
      const pod = await fresh(bench);
      await pod.configureLink('eth0', { ...WHOLE, neighbours: [] });
      for (const gateway of ['10.88.0.1', 'fd00:88::1']) expect(await bench.reaches(pod, gateway)).toBe(true);
    });

    it('sets routes beside those of another link, which has its own again when this one goes', async () => {
      const [node, pod] = [await bridgedNode(bench), await bench.namespace()];
      const routes = [
        { dst: '0.0.0.0/0', gateway: '10.88.0.1', beside: true },
        { dst: '::/0', gateway: 'fd00:88::1', beside: true },
      ];
      const ways = async (): Promise<readonly string[]> => {
        const found = (await pod.routes({ table: 254 })).filter(({ gateway }) => gateway !== undefined);
        return found.map(({ dst, gateway, link }) => `${dst} ${gateway} ${link}`).toSorted();
      };
      for (const at of [0, 1]) {
        await node.createVeth({ name: `port${at}`, master: 'br0', up: true, peer: { namespace: pod, name: `eth${at}` } });
        const addresses = [{ cidr: `fd00:88::${at + 5}/64`, nodad: true }, { cidr: `10.88.0.${at + 5}/24` }];
        for (let times = 0; times < 2; times++) await pod.configureLink(`eth${at}`, { addresses, up: true, routes });
      }
      const [first, second] = ['eth0', 'eth1'].map((link) => [`0.0.0.0/0 10.88.0.1 ${link}`, `::/0 fd00:88::1 ${link}`]);
      expect(await ways()).toEqual([...(first ?? []), ...(second ?? [])].toSorted());
      await pod.replaceRoute({ dst: '::/0', gateway: 'fd00:88::1', link: 'eth1', beside: true });
      await node.deleteLink('port1');
      expect(await ways()).toEqual(first);
    });

    it('leaves what it is not told', async () => {
      const pod = await fresh(bench);
      await pod.configureLink('eth0', WHOLE);
      await pod.configureLink('eth0', {});
      await pod.configureLink('eth0', { addresses: [{ cidr: '10.88.0.5/24' }] });
      await expectWhole(pod);
      expect(await pod.sysctl('net.ipv4.conf.lo.arp_notify')).toBe('0');
    });

    it('does nothing for a link that is not there', async () => {
      const pod = await fresh(bench);
      const sysctls = { 'net.ipv4.conf.eth0.arp_notify': '1' };
      await expect(pod.configureLink('eth9', { ...WHOLE, sysctls })).rejects.toMatchObject({ code: 'host.not_found' });
      expect(await pod.sysctl('net.ipv4.conf.eth0.arp_notify')).toBe('0');
      expect(await linkOf(pod, 'eth0')).toMatchObject({ up: false });
      expect(await pod.routes({ family: 4, table: 254 })).toEqual([]);
    });

    it('passes over a sysctl that the kernel lacks, and no other refusal', async () => {
      const pod = await fresh(bench);
      await pod.configureLink('eth0', { ...WHOLE, sysctls: { 'net.ipv4.no_such_setting': '1', ...WHOLE.sysctls } });
      await expectWhole(pod);
      for (const sysctls of [{ 'net.ipv4.conf.eth0.arp_notify': 'perhaps' }, { 'kernel.hostname': 'pod' }])
        await expect(pod.configureLink('eth0', { sysctls })).rejects.toMatchObject({ code: 'host.invalid' });
    });

    it('throws the first of several failures, with its own text, after what comes before it', async () => {
      const pod = await fresh(bench);
      const routes = [
        { dst: '192.0.2.0/24', gateway: '10.88.0.1' },
        { dst: '198.51.100.0/24', gateway: '10.200.0.1' },
        { dst: '203.0.113.0/24', gateway: '10.88.0.1', source: '10.88.0.77' },
      ];
      const refusal = await pod.configureLink('eth0', { ...WHOLE, routes }).catch((error: unknown) => error);
      expect(refusal).toMatchObject({ code: expect.stringMatching(/^host\.(unreachable|invalid)$/) });
      const alone = await pod.replaceRoute({ ...routes[1], dst: '198.51.100.0/24', link: 'eth0' }).catch((error: unknown) => error);
      expect(refusal).toEqual(alone);
      expect((await pod.addresses('eth0')).map(({ cidr }) => cidr)).toContain('10.88.0.5/24');
      expect(await destinations(pod)).toEqual(expect.arrayContaining(['10.88.0.0/24', '192.0.2.0/24', 'fd00:88::/64']));
      expect(await destinations(pod)).not.toContain('198.51.100.0/24');
    });

    it('refuses text that is no address', async () => {
      const pod = await fresh(bench);
      const wrong: readonly LinkConfiguration[] = [
        { addresses: [{ cidr: '10.88.0.300/24' }] },
        { routes: [{ dst: '10.88.0.0/33' }] },
        { neighbours: [{ address: '10.88.0.1', mac: 'none' }] },
      ];
      for (const configuration of wrong)
        await expect(pod.configureLink('eth0', configuration)).rejects.toMatchObject({ code: 'host.invalid' });
    });

    it('tells that IPv6 is switched off, and can be repeated with it on', async () => {
      const pod = await fresh(bench);
      await pod.setSysctl('net.ipv6.conf.eth0.disable_ipv6', '1');
      await expect(pod.configureLink('eth0', WHOLE)).rejects.toMatchObject({ code: 'host.permission_denied' });
      await pod.configureLink('eth0', { ...WHOLE, sysctls: { ...WHOLE.sysctls, 'net.ipv6.conf.eth0.disable_ipv6': '0' } });
      await expectWhole(pod);
    });

    it('is refused by a closed handle', async () => {
      const pod = await fresh(bench);
      pod[Symbol.dispose]();
      await expect(pod.configureLink('eth0', WHOLE)).rejects.toMatchObject({ code: 'host.namespace_gone' });
    });
  });
}
