import { describe, expect, it } from 'vitest';
import { wired } from './address-clauses.ts';
import { type HostBench, eventually } from './bench.ts';
import { bridgedNode, bridgedPod } from './topology.ts';

/** Rules, neighbours and sysctls. */
export function policyClauses(bench: HostBench): void {
  describe('rules', () => {
    it.each([
      { family: 4, from: '10.88.0.5/32', to: '10.99.0.0/16' },
      { family: 6, from: 'fd00:88::5/128', to: 'fd00:99::/64' },
    ] as const)('adds and deletes rules of IPv$family once', async ({ family, from, to }) => {
      const pod = await bench.namespace();
      const before = await pod.rules(family);
      const rule = { family, priority: 1000, from, to, mark: 16, mask: 255, table: 100 };
      await pod.addRule(rule);
      expect(await pod.rules(family)).toContainEqual(expect.objectContaining(rule));
      expect(await pod.rules()).toContainEqual(expect.objectContaining(rule));
      await expect(pod.addRule(rule)).rejects.toMatchObject({ code: 'host.already_exists' });
      await pod.deleteRule(rule);
      await expect(pod.deleteRule(rule)).rejects.toMatchObject({ code: 'host.not_found' });
      expect(await pod.rules(family)).toEqual(before);
    });

    it('has the lookups of the main table from the start', async () => {
      const pod = await bench.namespace();
      for (const family of [4, 6] as const)
        expect(await pod.rules(family)).toContainEqual(expect.objectContaining({ family, priority: 32766, table: 254 }));
    });

    it('sends what a rule matches to its table', async (test) => {
      bench.needs(test, 'policy_routing', 'raw_ping');
      const node = await bridgedNode(bench);
      const [pod, other] = [await bridgedPod(bench, node, 5), await bridgedPod(bench, node, 6)];
      for (const { address, family, bits } of [
        { address: other.v4, family: 4, bits: 32 },
        { address: other.v6, family: 6, bits: 128 },
      ] as const) {
        expect(await bench.reaches(pod.namespace, address)).toBe(true);
        await pod.namespace.replaceRoute({ dst: `${address}/${bits}`, type: 'unreachable', table: 100 });
        await pod.namespace.addRule({ family, priority: 1000, to: `${address}/${bits}`, table: 100 });
        await expect(bench.ping(pod.namespace, address)).rejects.toMatchObject({ code: 'host.unreachable' });
      }
    });
  });

  describe('neighbours', () => {
    it.each(['10.88.0.9', 'fd00:88::9'])('sets, replaces and deletes %s', async (address) => {
      const pod = await wired(bench);
      for (const mac of ['0a:58:00:00:00:01', '0a:58:00:00:00:02']) {
        await pod.setNeighbour({ link: 'eth0', address, mac });
        const found = (await pod.neighbours('eth0')).filter((neighbour) => neighbour.address === address);
        expect(found).toEqual([{ link: 'eth0', address, mac, state: 'permanent' }]);
      }
      await pod.deleteNeighbour({ link: 'eth0', address });
      const permanent = (await pod.neighbours()).filter((neighbour) => neighbour.address === address && neighbour.state === 'permanent');
      expect(permanent).toEqual([]);
    });

    it('refuses what is not there', async () => {
      const pod = await wired(bench);
      const missing = { code: 'host.not_found' };
      await expect(pod.deleteNeighbour({ link: 'eth0', address: '10.88.0.9' })).rejects.toMatchObject(missing);
      await expect(pod.setNeighbour({ link: 'eth9', address: '10.88.0.9', mac: '0a:58:00:00:00:01' })).rejects.toMatchObject(missing);
      await expect(pod.neighbours('eth9')).rejects.toMatchObject(missing);
    });

    it('sends packets to the MAC that it was told', async (test) => {
      bench.needs(test, 'raw_ping');
      const node = await bridgedNode(bench);
      const [pod, other] = [await bridgedPod(bench, node, 5), await bridgedPod(bench, node, 6)];
      const mac = (await other.namespace.link('eth0'))?.mac ?? '';
      await pod.namespace.setNeighbour({ link: 'eth0', address: other.v4, mac });
      expect(await bench.reaches(pod.namespace, other.v4)).toBe(true);
      await pod.namespace.setNeighbour({ link: 'eth0', address: other.v4, mac: '0a:58:ff:ff:ff:ff' });
      await expect(bench.ping(pod.namespace, other.v4)).rejects.toMatchObject({ code: 'host.unreachable' });
    });

    it('forgets neighbours of a link that goes down', async () => {
      const pod = await wired(bench);
      await pod.setNeighbour({ link: 'eth0', address: '10.88.0.9', mac: '0a:58:00:00:00:01' });
      await pod.setLink('eth0', { up: false });
      await eventually(async () => expect(await pod.neighbours('eth0')).toEqual([]));
    });
  });

  describe('sysctls', () => {
    it('sets one namespace and no other', async () => {
      const [first, second] = [await bench.namespace(), await bench.namespace()];
      for (const namespace of [first, second]) await namespace.setSysctl('net.ipv4.ip_forward', '0');
      await first.setSysctl('net.ipv4.ip_forward', '1');
      expect([await first.sysctl('net.ipv4.ip_forward'), await second.sysctl('net.ipv4.ip_forward')]).toEqual(['1', '0']);
    });

    it('has settings for each link, whose name may have a dot', async () => {
      const pod = await bench.namespace();
      await pod.createVeth({ name: 'eth0', peer: { namespace: pod, name: 'eth0.5' } });
      for (const link of ['eth0', 'eth0/5']) {
        await pod.setSysctl(`net.ipv6.conf.${link}.accept_dad`, '0');
        await pod.setSysctl(`net.ipv4.conf.${link}.arp_notify`, '1');
        expect(await pod.sysctl(`net.ipv6.conf.${link}.accept_dad`)).toBe('0');
        expect(await pod.sysctl(`net.ipv4.conf.${link}.arp_notify`)).toBe('1');
      }
      await pod.deleteLink('eth0');
      expect(await pod.sysctl('net.ipv4.conf.eth0.arp_notify')).toBeUndefined();
    });

    it('knows nothing of others', async () => {
      const pod = await bench.namespace();
      expect(await pod.sysctl('net.ipv4.conf.eth9.arp_notify')).toBeUndefined();
      expect(await pod.sysctl('net.ipv4.no_such_setting')).toBeUndefined();
      await expect(pod.setSysctl('net.ipv4.conf.eth9.arp_notify', '1')).rejects.toMatchObject({ code: 'host.not_found' });
      await expect(pod.setSysctl('net.ipv4.ip_forward', 'perhaps')).rejects.toMatchObject({ code: 'host.invalid' });
    });

    it.each(['../../kernel/hostname', 'net/../kernel/hostname', 'kernel.hostname', ''])(
      'refuses %j, which is not of the network',
      async (name) => {
        const pod = await bench.namespace();
        await expect(pod.sysctl(name)).rejects.toMatchObject({ code: 'host.invalid' });
        await expect(pod.setSysctl(name, '1')).rejects.toMatchObject({ code: 'host.invalid' });
      },
    );
  });
}
