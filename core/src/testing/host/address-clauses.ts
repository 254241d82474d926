import { describe, expect, it } from 'vitest';
import type { Namespace } from '../../network/host.ts';
import { type HostBench, eventually } from './bench.ts';

/** A namespace with a link `eth0` that is up and runs. */
export async function wired(bench: HostBench): Promise<Namespace> {
  const [node, pod] = [await bench.namespace(), await bench.namespace()];
  await node.createVeth({ name: 'port0', up: true, peer: { namespace: pod, name: 'eth0', up: true } });
  return pod;
}

const global = async (namespace: Namespace): Promise<readonly string[]> =>
  (await namespace.addresses('eth0')).map((address) => address.cidr).filter((cidr) => !cidr.startsWith('fe80:'));

/** Destinations in the main table that came with addresses or by hand, without the kernel's link-local ones. */
export async function destinations(namespace: Namespace): Promise<readonly string[]> {
  const routes = await namespace.routes({ table: 254 });
  return routes
    .map((route) => route.dst)
    .filter((dst) => !dst.startsWith('fe80:') && !dst.startsWith('ff00:'))
    .toSorted();
}

/** Addresses, and the routes that come with them. */
export function addressClauses(bench: HostBench): void {
  describe('addresses', () => {
    it('lists addresses of both families in canonical text', async () => {
      const pod = await wired(bench);
      await pod.addAddress({ link: 'eth0', cidr: '10.88.0.5/16' });
      await pod.addAddress({ link: 'eth0', cidr: 'fd00:88::5/64', nodad: true });
      expect((await global(pod)).toSorted()).toEqual(['10.88.0.5/16', 'fd00:88::5/64']);
      const all = await pod.addresses();
      expect(all).toContainEqual(expect.objectContaining({ link: 'eth0', cidr: '10.88.0.5/16' }));
      expect(all).toContainEqual(expect.objectContaining({ link: 'lo', cidr: '127.0.0.1/8' }));
    });

    it('adds an address twice without harm', async () => {
      const pod = await wired(bench);
      for (const cidr of ['10.88.0.5/16', '10.88.0.5/16', 'fd00:88::5/64', 'fd00:88::5/64'])
        await pod.addAddress({ link: 'eth0', cidr, nodad: true });
      expect((await global(pod)).toSorted()).toEqual(['10.88.0.5/16', 'fd00:88::5/64']);
    });

    it('deletes an address once', async () => {
      const pod = await wired(bench);
      for (const cidr of ['10.88.0.5/16', 'fd00:88::5/64']) {
        await pod.addAddress({ link: 'eth0', cidr, nodad: true });
        await pod.deleteAddress({ link: 'eth0', cidr });
        await expect(pod.deleteAddress({ link: 'eth0', cidr })).rejects.toMatchObject({ code: 'host.not_found' });
      }
      expect(await global(pod)).toEqual([]);
    });

    it('refuses links that are missing and text that is no address', async () => {
      const pod = await wired(bench);
      await expect(pod.addAddress({ link: 'eth9', cidr: '10.88.0.5/16' })).rejects.toMatchObject({ code: 'host.not_found' });
      await expect(pod.deleteAddress({ link: 'eth9', cidr: '10.88.0.5/16' })).rejects.toMatchObject({ code: 'host.not_found' });
      await expect(pod.addresses('eth9')).rejects.toMatchObject({ code: 'host.not_found' });
      for (const cidr of ['10.88.0.300/16', '10.88.0.5/33', 'fd00::5/129', 'ten']) {
        await expect(pod.addAddress({ link: 'eth0', cidr })).rejects.toMatchObject({ code: 'host.invalid' });
      }
    });

    it('makes the route to the subnet with the address and takes it along', async () => {
      const pod = await wired(bench);
      await pod.addAddress({ link: 'eth0', cidr: '10.88.0.5/16' });
      await pod.addAddress({ link: 'eth0', cidr: 'fd00:88::5/64', nodad: true });
      expect(await destinations(pod)).toEqual(['10.88.0.0/16', 'fd00:88::/64']);
      expect(await pod.routes({ table: 254 })).toContainEqual(
        expect.objectContaining({ dst: '10.88.0.0/16', link: 'eth0', source: '10.88.0.5', scope: 'link' }),
      );
      await pod.deleteAddress({ link: 'eth0', cidr: '10.88.0.5/16' });
      await pod.deleteAddress({ link: 'eth0', cidr: 'fd00:88::5/64' });
      expect(await destinations(pod)).toEqual([]);
    });

    it('makes no route for a host address of IPv4', async () => {
      const pod = await wired(bench);
      await pod.addAddress({ link: 'eth0', cidr: '10.88.0.5/32' });
      expect(await pod.routes({ family: 4, table: 254 })).toEqual([]);
    });

    it('has the route to the subnet of IPv4 while the link is up', async () => {
      const [node, pod] = [await bench.namespace(), await bench.namespace()];
      await node.createVeth({ name: 'port0', up: true, peer: { namespace: pod, name: 'eth0' } });
      await pod.addAddress({ link: 'eth0', cidr: '10.88.0.5/16' });
      expect(await destinations(pod)).toEqual([]);
      await pod.setLink('eth0', { up: true });
      await eventually(async () => expect(await destinations(pod)).toEqual(['10.88.0.0/16']));
      await pod.setLink('eth0', { up: false });
      expect(await destinations(pod)).toEqual([]);
      expect(await global(pod)).toEqual(['10.88.0.5/16']);
    });

    it('lets the first address of a subnet of IPv4 take the others along, unless they are promoted', async () => {
      const pod = await wired(bench);
      for (const [promote, left] of [
        ['1', ['10.88.0.6/16']],
        ['0', []],
      ] as const) {
        for (const scope of ['all', 'eth0']) await pod.setSysctl(`net.ipv4.conf.${scope}.promote_secondaries`, promote);
        for (const cidr of ['10.88.0.5/16', '10.88.0.6/16']) await pod.addAddress({ link: 'eth0', cidr });
        await pod.deleteAddress({ link: 'eth0', cidr: '10.88.0.5/16' });
        expect(await global(pod)).toEqual(left);
        if (promote === '1') await pod.deleteAddress({ link: 'eth0', cidr: '10.88.0.6/16' });
      }
    });

    it('loses addresses of IPv6 with their routes when the link goes down', async () => {
      const pod = await wired(bench);
      await pod.addAddress({ link: 'eth0', cidr: 'fd00:88::5/64', nodad: true });
      await pod.setLink('eth0', { up: false });
      await eventually(async () => expect([await destinations(pod), await global(pod)]).toEqual([[], []]));
    });
  });
}
