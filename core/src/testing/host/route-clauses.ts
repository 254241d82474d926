import { describe, expect, it } from 'vitest';
import type { Namespace } from '../../network/host.ts';
import { destinations, wired } from './address-clauses.ts';
import type { HostBench } from './bench.ts';

async function addressed(bench: HostBench): Promise<Namespace> {
  const pod = await wired(bench);
  await pod.addAddress({ link: 'eth0', cidr: '10.88.0.5/16' });
  await pod.addAddress({ link: 'eth0', cidr: 'fd00:88::5/64', nodad: true });
  return pod;
}

const CASES = [
  {
    family: 4,
    everything: '0.0.0.0/0',
    connected: '10.88.0.0/16',
    subnet: '10.99.0.0/16',
    gateways: ['10.88.0.1', '10.88.0.2'],
    far: '10.200.0.1',
    source: '10.88.0.5',
    foreign: '192.0.2.9',
  },
  {
    family: 6,
    everything: '::/0',
    connected: 'fd00:88::/64',
    subnet: 'fd00:99::/64',
    gateways: ['fd00:88::1', 'fd00:88::2'],
    far: 'fd00:200::1',
    source: 'fd00:88::5',
    foreign: '2001:db8::9',
  },
] as const;

/** Routes of both families. */
export function routeClauses(bench: HostBench): void {
  describe.each(CASES)('routes of IPv$family', ({ family, everything, connected, subnet, gateways, far, source, foreign }) => {
    const to = async (pod: Namespace, dst: string, table = 254) =>
      (await pod.routes({ family, table })).filter((route) => route.dst === dst);

    it('refuses a gateway that is an address of a link that is down', async () => {
      const node = await bench.namespace();
      await node.createBridge({ name: 'br0' });
      await node.addAddress({ link: 'br0', cidr: `${gateways[0]}/${connected.split('/')[1]}` });
      const refused = { code: expect.stringMatching(/^host\.(?:invalid|unreachable)$/) };
      await expect(node.replaceRoute({ dst: everything, gateway: gateways[0] })).rejects.toMatchObject(refused);
    });

    it('adds a default route by a gateway and finds the link itself', async () => {
      const pod = await addressed(bench);
      await pod.replaceRoute({ dst: everything, gateway: gateways[0] });
      expect(await to(pod, everything)).toEqual([expect.objectContaining({ dst: everything, gateway: gateways[0], link: 'eth0' })]);
      expect(await pod.routes()).toContainEqual(expect.objectContaining({ dst: everything, gateway: gateways[0] }));
    });

    it('replaces the route with the same destination, priority and table', async () => {
      const pod = await addressed(bench);
      for (const gateway of gateways) await pod.replaceRoute({ dst: everything, gateway, link: 'eth0', priority: 100 });
      expect(await to(pod, everything)).toEqual([expect.objectContaining({ gateway: gateways[1], priority: 100 })]);
    });

    it('keeps routes of other priorities and tables apart', async () => {
      const pod = await addressed(bench);
      await pod.replaceRoute({ dst: subnet, gateway: gateways[0], priority: 100 });
      await pod.replaceRoute({ dst: subnet, gateway: gateways[1], priority: 200 });
      await pod.replaceRoute({ dst: subnet, gateway: gateways[1], priority: 100, table: 1000 });
      expect((await to(pod, subnet)).map((route) => [route.priority, route.gateway])).toEqual([
        [100, gateways[0]],
        [200, gateways[1]],
      ]);
      expect(await to(pod, subnet, 1000)).toEqual([expect.objectContaining({ gateway: gateways[1], priority: 100, table: 1000 })]);
      await pod.deleteRoute({ dst: subnet, priority: 100 });
      expect((await to(pod, subnet)).map((route) => route.priority)).toEqual([200]);
      expect(await to(pod, subnet, 1000)).toHaveLength(1);
    });

    it('keeps what a route says', async () => {
      const pod = await addressed(bench);
      const said = { dst: subnet, gateway: gateways[0], link: 'eth0', source, priority: 50, mtu: 1300, advmss: 1200 };
      await pod.replaceRoute(said);
      expect(await to(pod, subnet)).toEqual([expect.objectContaining(said)]);
    });

    it('makes routes that refuse', async () => {
      const pod = await addressed(bench);
      await pod.replaceRoute({ dst: subnet, type: 'unreachable' });
      expect(await to(pod, subnet)).toEqual([expect.objectContaining({ type: 'unreachable' })]);
      await pod.deleteRoute({ dst: subnet, type: 'unreachable' });
      expect(await to(pod, subnet)).toEqual([]);
    });

    it('deletes a route once', async () => {
      const pod = await addressed(bench);
      await pod.replaceRoute({ dst: subnet, link: 'eth0' });
      await pod.deleteRoute({ dst: subnet, link: 'eth0' });
      expect(await to(pod, subnet)).toEqual([]);
      await expect(pod.deleteRoute({ dst: subnet, link: 'eth0' })).rejects.toMatchObject({ code: 'host.not_found' });
    });

    it('deletes the route that came with an address, too', async () => {
      const pod = await addressed(bench);
      await pod.deleteRoute({ dst: connected, link: 'eth0' });
      expect(await to(pod, connected)).toEqual([]);
    });

    it('refuses a gateway that no link reaches, unless it is said to be on the link', async () => {
      const pod = await addressed(bench);
      const refusal = { code: expect.stringMatching(/^host\.(unreachable|invalid)$/) };
      await expect(pod.replaceRoute({ dst: subnet, gateway: far })).rejects.toMatchObject(refusal);
      await expect(pod.replaceRoute({ dst: subnet, gateway: far, link: 'eth0' })).rejects.toMatchObject(refusal);
      expect(await to(pod, subnet)).toEqual([]);
      await pod.replaceRoute({ dst: subnet, gateway: far, link: 'eth0', onlink: true });
      expect(await to(pod, subnet)).toEqual([expect.objectContaining({ gateway: far, link: 'eth0', onlink: true })]);
    });

    it('refuses missing links, links that are down and sources that are not here', async () => {
      const pod = await addressed(bench);
      await pod.createBridge({ name: 'br0' });
      await expect(pod.replaceRoute({ dst: subnet, link: 'eth9' })).rejects.toMatchObject({ code: 'host.not_found' });
      await expect(pod.replaceRoute({ dst: subnet, link: 'br0' })).rejects.toMatchObject({ code: expect.stringMatching(/^host\./) });
      await expect(pod.replaceRoute({ dst: subnet, link: 'eth0', source: foreign })).rejects.toMatchObject({ code: 'host.invalid' });
      await expect(pod.routes({ link: 'eth9' })).rejects.toMatchObject({ code: 'host.not_found' });
      expect(await to(pod, subnet)).toEqual([]);
    });

    it('forgets routes of a link that goes down', async () => {
      const pod = await addressed(bench);
      await pod.replaceRoute({ dst: everything, gateway: gateways[0] });
      await pod.setLink('eth0', { up: false });
      expect(await to(pod, everything)).toEqual([]);
      await pod.setLink('eth0', { up: true });
      expect(await to(pod, everything)).toEqual([]);
    });

    it('lists by link', async () => {
      const pod = await addressed(bench);
      await pod.createBridge({ name: 'br0', up: true });
      await pod.replaceRoute({ dst: subnet, link: 'br0' });
      const listed = (await pod.routes({ family, table: 254, link: 'br0' })).map((route) => route.dst);
      expect(listed.filter((dst) => !dst.startsWith('fe80:'))).toEqual([subnet]);
      expect(await destinations(pod)).toContain(subnet);
    });
  });
}
