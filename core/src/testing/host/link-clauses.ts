import { describe, expect, it } from 'vitest';
import { type HostBench, eventually, linkNames, linkOf } from './bench.ts';
import { bridgedNode } from './topology.ts';

const MAC = { near: '0a:58:0a:58:00:01', far: '0a:58:0a:58:00:02', low: '02:00:00:00:00:01', bridge: '0a:58:0a:58:00:ff' };

/** Veth pairs and what every link has. */
export function linkClauses(bench: HostBench): void {
  describe('links', () => {
    it('makes a veth pair with one end directly in another namespace', async () => {
      const [node, pod] = [await bench.namespace(), await bench.namespace()];
      await node.createVeth({
        name: 'port0',
        mac: MAC.near,
        mtu: 1400,
        alias: 'hawser: pod 1',
        up: true,
        peer: { namespace: pod, name: 'eth0', mac: MAC.far, up: true },
      });
      const [near, far] = [await linkOf(node, 'port0'), await linkOf(pod, 'eth0')];
      expect(near).toMatchObject({ kind: 'veth', mac: MAC.near, mtu: 1400, alias: 'hawser: pod 1', up: true, peer: far.index });
      expect(far).toMatchObject({ kind: 'veth', mac: MAC.far, mtu: 1400, up: true, peer: near.index });
      expect(near.master).toBeUndefined();
      expect([await linkNames(node), await linkNames(pod)]).toEqual([['port0'], ['eth0']]);
    });

    it('makes an end without IPv6, which its bridge carries all the same', async () => {
      const [node, pod] = [await bridgedNode(bench), await bench.namespace()];
      await node.createVeth({ name: 'port0', master: 'br0', up: true, ipv6: false, peer: { namespace: pod, name: 'eth0' } });
      await pod.configureLink('eth0', { addresses: [{ cidr: 'fd00:88::5/64', nodad: true }], up: true });
      expect(await bench.reaches(pod, 'fd00:88::1')).toBe(true);
      expect(await node.addresses('port0')).toEqual([]);
    });

    it('gives a link that is told no MAC a unicast one of its own', async () => {
      const node = await bench.namespace();
      await node.createVeth({ name: 'a', peer: { namespace: node, name: 'b' } });
      const macs = [(await linkOf(node, 'a')).mac, (await linkOf(node, 'b')).mac];
      for (const mac of macs) expect(mac).toMatch(/^[0-9a-f][26ae](:[0-9a-f]{2}){5}$/);
      expect(macs[0]).not.toBe(macs[1]);
    });

    it('lets a pair run when both ends are up', async () => {
      const [node, pod] = [await bench.namespace(), await bench.namespace()];
      await node.createVeth({ name: 'port0', up: true, peer: { namespace: pod, name: 'eth0' } });
      expect(await linkOf(node, 'port0')).toMatchObject({ up: true, running: false });
      expect(await node.isRunning('port0')).toBe(false);
      await pod.setLink('eth0', { up: true });
      await eventually(async () => expect(await linkOf(node, 'port0')).toMatchObject({ up: true, running: true }));
      expect([await node.isRunning('port0'), await pod.isRunning('eth0')]).toEqual([true, true]);
      await pod.setLink('eth0', { up: false });
      await eventually(async () => expect(await linkOf(node, 'port0')).toMatchObject({ up: true, running: false }));
      expect(await node.isRunning('port0')).toBe(false);
      for (const name of ['eth0', '', 'sixteen-letters-']) expect(await node.isRunning(name)).toBeUndefined();
    });

    it('makes nothing when the near name is taken', async () => {
      const [node, pod] = [await bench.namespace(), await bench.namespace()];
      await node.createBridge({ name: 'port0' });
      const clash = node.createVeth({ name: 'port0', peer: { namespace: pod, name: 'eth0' } });
      await expect(clash).rejects.toMatchObject({ code: 'host.already_exists', details: { errno: 'EEXIST' } });
      expect([await linkNames(node), await linkNames(pod)]).toEqual([['port0'], []]);
    });

    it('makes nothing when the far name is taken', async () => {
      const [node, pod] = [await bench.namespace(), await bench.namespace()];
      await pod.createBridge({ name: 'eth0' });
      const clash = node.createVeth({ name: 'port0', peer: { namespace: pod, name: 'eth0' } });
      await expect(clash).rejects.toMatchObject({ code: 'host.already_exists', details: { errno: 'EEXIST' } });
      expect([await linkNames(node), await linkNames(pod)]).toEqual([[], ['eth0']]);
    });

    it('makes nothing when the bridge to join is missing', async () => {
      const [node, pod] = [await bench.namespace(), await bench.namespace()];
      const orphan = node.createVeth({ name: 'port0', master: 'br0', peer: { namespace: pod, name: 'eth0' } });
      await expect(orphan).rejects.toMatchObject({ code: 'host.not_found' });
      expect([await linkNames(node), await linkNames(pod)]).toEqual([[], []]);
    });

    it.each(['sixteen-letters-', 'a/b', 'a:b', '', '.', '..', 'a b', 'eth%d'])('refuses the name %j and makes nothing', async (name) => {
      const [node, pod] = [await bench.namespace(), await bench.namespace()];
      await expect(node.createVeth({ name, peer: { namespace: pod, name: 'eth0' } })).rejects.toMatchObject({ code: 'host.invalid' });
      expect([await linkNames(node), await linkNames(pod)]).toEqual([[], []]);
    });

    it('changes name, MAC, MTU, alias and promiscuous mode and keeps the index', async () => {
      const [node, pod] = [await bench.namespace(), await bench.namespace()];
      await node.createVeth({ name: 'port0', peer: { namespace: pod, name: 'eth0' } });
      const before = await linkOf(node, 'port0');
      await node.setLink('port0', { name: 'port1', mac: MAC.near, mtu: 1280, alias: 'renamed', promiscuous: true });
      expect(await node.link('port0')).toBeUndefined();
      const expected = { index: before.index, peer: before.peer, mac: MAC.near, mtu: 1280, alias: 'renamed', promiscuous: true };
      expect(await linkOf(node, 'port1')).toMatchObject(expected);
      await node.setLink('port1', { promiscuous: false });
      expect(await linkOf(node, 'port1')).toMatchObject({ ...expected, promiscuous: false });
    });

    it('refuses what no link can be', async () => {
      const node = await bench.namespace();
      await node.createVeth({ name: 'a', peer: { namespace: node, name: 'b' } });
      await expect(node.setLink('a', { name: 'b' })).rejects.toMatchObject({ code: 'host.already_exists' });
      await expect(node.setLink('a', { mtu: 10 })).rejects.toMatchObject({ code: 'host.invalid' });
      await expect(node.setLink('a', { mac: '01:00:5e:00:00:01' })).rejects.toMatchObject({ code: 'host.invalid' });
      await expect(node.setLink('c', { up: true })).rejects.toMatchObject({ code: 'host.not_found' });
      expect(await linkNames(node)).toEqual(['a', 'b']);
    });

    it('deletes a link with its peer, once', async () => {
      const [node, pod] = [await bench.namespace(), await bench.namespace()];
      await node.createVeth({ name: 'port0', peer: { namespace: pod, name: 'eth0' } });
      await node.deleteLink('port0');
      expect([await linkNames(node), await linkNames(pod)]).toEqual([[], []]);
      await expect(node.deleteLink('port0')).rejects.toMatchObject({ code: 'host.not_found' });
      await node.createVeth({ name: 'port0', peer: { namespace: pod, name: 'eth0' } });
      await pod.deleteLink('eth0');
      expect(await linkNames(node)).toEqual([]);
    });

    it('refuses to delete lo', async () => {
      const node = await bench.namespace();
      await expect(node.deleteLink('lo')).rejects.toMatchObject({ code: 'host.not_supported' });
    });

    it('takes addresses and routes along with a link', async () => {
      const [node, pod] = [await bench.namespace(), await bench.namespace()];
      await node.createVeth({ name: 'port0', up: true, peer: { namespace: pod, name: 'eth0', up: true } });
      await pod.addAddress({ link: 'eth0', cidr: '10.88.0.5/24' });
      await pod.replaceRoute({ dst: '0.0.0.0/0', gateway: '10.88.0.1' });
      await node.deleteLink('port0');
      expect(await pod.routes({ family: 4, table: 254 })).toEqual([]);
      expect((await pod.addresses()).filter((address) => address.link !== 'lo')).toEqual([]);
    });
  });

  describe('bridges', () => {
    it('keeps the pinned MAC whatever joins and leaves', async () => {
      const [node, pod] = [await bench.namespace(), await bench.namespace()];
      await node.createBridge({ name: 'br0', mac: MAC.bridge, mtu: 1400, up: true, promiscuous: true });
      const expected = { kind: 'bridge', mac: MAC.bridge, mtu: 1400, up: true, promiscuous: true };
      expect(await linkOf(node, 'br0')).toMatchObject(expected);
      await node.createVeth({ name: 'port0', mac: MAC.low, mtu: 1400, master: 'br0', up: true, peer: { namespace: pod, name: 'eth0' } });
      expect(await linkOf(node, 'br0')).toMatchObject(expected);
      await node.deleteLink('port0');
      expect(await linkOf(node, 'br0')).toMatchObject(expected);
    });

    it('pins a locally administered MAC where none is told', async () => {
      const [node, pod] = [await bench.namespace(), await bench.namespace()];
      await node.createBridge({ name: 'br0' });
      const { mac } = await linkOf(node, 'br0');
      expect(mac).toMatch(/^[0-9a-f][26ae]:/);
      await node.createVeth({ name: 'port0', mac: MAC.low, master: 'br0', peer: { namespace: pod, name: 'eth0' } });
      expect((await linkOf(node, 'br0')).mac).toBe(mac);
    });

    it('refuses a taken name and changes nothing', async () => {
      const node = await bench.namespace();
      await node.createBridge({ name: 'br0', mac: MAC.bridge });
      await expect(node.createBridge({ name: 'br0', mac: MAC.low })).rejects.toMatchObject({ code: 'host.already_exists' });
      expect((await linkOf(node, 'br0')).mac).toBe(MAC.bridge);
    });

    it('has ports, with hairpin or without, from the start or later', async () => {
      const [node, pod] = [await bench.namespace(), await bench.namespace()];
      await node.createBridge({ name: 'br0' });
      const { index } = await linkOf(node, 'br0');
      await node.createVeth({ name: 'port0', master: 'br0', hairpin: true, peer: { namespace: pod, name: 'eth0' } });
      await node.createVeth({ name: 'port1', peer: { namespace: pod, name: 'eth1' } });
      expect(await linkOf(node, 'port0')).toMatchObject({ master: index, hairpin: true });
      await node.setLink('port1', { master: 'br0' });
      expect(await linkOf(node, 'port1')).toMatchObject({ master: index, hairpin: false });
      await node.setLink('port1', { hairpin: true });
      await node.setLink('port0', { hairpin: false });
      expect(await linkOf(node, 'port1')).toMatchObject({ hairpin: true });
      expect(await linkOf(node, 'port0')).toMatchObject({ hairpin: false });
      await node.setLink('port1', { master: null });
      expect((await linkOf(node, 'port1')).master).toBeUndefined();
    });

    it('lets its ports go when it is deleted', async () => {
      const [node, pod] = [await bench.namespace(), await bench.namespace()];
      await node.createBridge({ name: 'br0' });
      await node.createVeth({ name: 'port0', master: 'br0', peer: { namespace: pod, name: 'eth0' } });
      await node.deleteLink('br0');
      expect(await linkNames(node)).toEqual(['port0']);
      expect((await linkOf(node, 'port0')).master).toBeUndefined();
    });

    it('refuses masters that are none and hairpin off a bridge', async () => {
      const node = await bench.namespace();
      await node.createVeth({ name: 'a', peer: { namespace: node, name: 'b' } });
      const refusal = { code: expect.stringMatching(/^host\.(not_supported|invalid)$/) };
      await expect(node.setLink('a', { master: 'br0' })).rejects.toMatchObject({ code: 'host.not_found' });
      await expect(node.setLink('a', { master: 'b' })).rejects.toMatchObject(refusal);
      await expect(node.setLink('a', { hairpin: true })).rejects.toMatchObject(refusal);
      expect((await linkOf(node, 'a')).master).toBeUndefined();
    });
  });
}
