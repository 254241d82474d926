import { describe, expect, it } from 'vitest';
import { type HostBench, eventually, linkNames } from './bench.ts';
import { bridgedNode, bridgedPod, forwards, outside } from './topology.ts';

/** What packets do: ping, silence, masquerading. */
export function trafficClauses(bench: HostBench): void {
  describe('ping', () => {
    it('answers on lo and on own addresses', async (test) => {
      bench.needs(test, 'raw_ping');
      const node = await bridgedNode(bench);
      for (const address of ['127.0.0.1', '::1', '10.88.0.1', 'fd00:88::1']) expect(await bench.reaches(node, address)).toBe(true);
      expect((await bench.ping(node, '127.0.0.1')).rttMs).toBeGreaterThanOrEqual(0);
    });

    it('crosses a bridge between two namespaces in both families', async (test) => {
      bench.needs(test, 'bridge', 'veth', 'raw_ping');
      const node = await bridgedNode(bench);
      const [pod, other] = [await bridgedPod(bench, node, 5), await bridgedPod(bench, node, 6)];
      for (const address of [other.v4, other.v6, '10.88.0.1', 'fd00:88::1']) expect(await bench.reaches(pod.namespace, address)).toBe(true);
      for (const address of [pod.v4, pod.v6]) expect(await bench.reaches(node, address)).toBe(true);
    });

    it('fails where no route leads, and where nobody answers', async (test) => {
      bench.needs(test, 'raw_ping');
      const [empty, node] = [await bench.namespace(), await bridgedNode(bench)];
      const pod = await bridgedPod(bench, node, 5);
      for (const address of ['192.0.2.1', '2001:db8::1'])
        await expect(bench.ping(empty, address)).rejects.toMatchObject({ code: 'host.unreachable' });
      for (const address of ['10.88.0.77', 'fd00:88::77'])
        await expect(bench.ping(pod.namespace, address)).rejects.toMatchObject({ code: 'host.unreachable' });
    });

    it('ends with the reason of its signal', async (test) => {
      bench.needs(test, 'raw_ping');
      const node = await bridgedNode(bench);
      const pod = await bridgedPod(bench, node, 5);
      const abort = new AbortController();
      const pinging = pod.namespace.ping('10.88.0.77', { timeoutMs: 60_000, signal: abort.signal });
      abort.abort(new Error('nobody asks any more'));
      await expect(pinging).rejects.toThrow('nobody asks any more');
      await expect(pod.namespace.ping('10.88.0.77', { timeoutMs: 60_000, signal: abort.signal })).rejects.toThrow('nobody asks any more');
    });

    it('crosses a forwarding namespace only while it forwards', async (test) => {
      bench.needs(test, 'raw_ping');
      const node = await bridgedNode(bench);
      const [pod, beyond] = [await bridgedPod(bench, node, 5), await outside(bench, node)];
      await beyond.replaceRoute({ dst: '10.88.0.0/24', gateway: '192.0.2.1' });
      await beyond.replaceRoute({ dst: 'fd00:88::/64', gateway: 'fd00:99::1' });
      await node.setSysctl('net.ipv4.ip_forward', '0');
      await expect(bench.ping(pod.namespace, '192.0.2.2')).rejects.toMatchObject({ code: 'host.unreachable' });
      await forwards(node);
      for (const address of ['192.0.2.2', 'fd00:99::2']) expect(await bench.reaches(pod.namespace, address)).toBe(true);
    });
  });

  describe('silence', () => {
    it('keeps a peer from answering as soon as its link is down', async (test) => {
      bench.needs(test, 'raw_ping');
      const node = await bridgedNode(bench);
      const [pod, other] = [await bridgedPod(bench, node, 5), await bridgedPod(bench, node, 6)];
      expect(await bench.reaches(pod.namespace, other.v4)).toBe(true);
      await node.setLink(other.port, { up: false });
      await expect(bench.ping(pod.namespace, other.v4)).rejects.toMatchObject({ code: 'host.unreachable' });
    });

    it('retires a link: no packet any more at once, gone with its peer when settled', async (test) => {
      bench.needs(test, 'raw_ping');
      const node = await bridgedNode(bench);
      const [pod, other] = [await bridgedPod(bench, node, 5), await bridgedPod(bench, node, 6)];
      for (const address of [other.v4, other.v6]) expect(await bench.reaches(pod.namespace, address)).toBe(true);
      const { settled } = await node.retireLink(other.port);
      for (const address of [other.v4, other.v6])
        await expect(bench.ping(pod.namespace, address)).rejects.toMatchObject({ code: 'host.unreachable' });
      await settled;
      expect(await linkNames(node)).toEqual(['br0', pod.port]);
      expect(await linkNames(other.namespace)).toEqual([]);
      expect(await bench.reaches(pod.namespace, '10.88.0.1')).toBe(true);
    });

    it('has settled a link that is not there', async () => {
      const node = await bench.namespace();
      await (
        await node.retireLink('port0')
      ).settled;
    });

    it('leaves a link alone that is not the one to be retired', async () => {
      const node = await bench.namespace();
      await node.createVeth({ name: 'a', alias: 'theirs', up: true, peer: { namespace: node, name: 'b', up: true } });
      const before = await node.link('a');
      await (
        await node.retireLink('a', ({ alias }) => alias === 'ours')
      ).settled;
      expect(await node.link('a')).toMatchObject({ up: true, group: before?.group });
      await (
        await node.retireLink('a', ({ alias, kind }) => alias === 'theirs' && kind === 'veth')
      ).settled;
      expect(await node.link('a')).toBeUndefined();
    });

    it('retires a link twice, and one that is deleted meanwhile', async () => {
      const node = await bench.namespace();
      await node.createVeth({ name: 'a', peer: { namespace: node, name: 'b' } });
      const retired = await Promise.all([node.retireLink('a'), node.retireLink('a')]);
      await Promise.all(retired.map(({ settled }) => settled));
      await node.createVeth({ name: 'a', peer: { namespace: node, name: 'b' } });
      const { settled } = await node.retireLink('a');
      await node.deleteLink('b').catch((error: unknown) => expect(error).toMatchObject({ code: 'host.not_found' }));
      await settled;
      expect(await linkNames(node)).toEqual([]);
    });

    it('retires many links and leaves the others', async () => {
      const [node, pod] = [await bench.namespace(), await bench.namespace()];
      const names = Array.from({ length: 20 }, (_, number) => `port${number}`);
      for (const [number, name] of names.entries()) await node.createVeth({ name, peer: { namespace: pod, name: `eth${number}` } });
      await node.createBridge({ name: 'br0' });
      const retired = await Promise.all(names.map((name) => node.retireLink(name)));
      await Promise.all(retired.map(({ settled }) => settled));
      expect([await linkNames(node), await linkNames(pod)]).toEqual([['br0'], []]);
    });

    it('settles when the namespace goes first', async () => {
      const [path, pod] = [bench.path(), await bench.namespace()];
      await bench.host.createNamespace(path);
      const node = await bench.open(path);
      await node.createVeth({ name: 'port0', peer: { namespace: pod, name: 'eth0' } });
      const { settled } = await node.retireLink('port0');
      node[Symbol.dispose]();
      await bench.host.deleteNamespace(path);
      await settled;
      await eventually(async () => expect(await linkNames(pod)).toEqual([]));
    });
  });

  describe('masquerading', () => {
    const pods = [
      { source: '10.88.0.5', subnet: '10.88.0.0/24' },
      { source: 'fd00:88::5', subnet: 'fd00:88::/64' },
      { source: '10.88.0.6', subnet: '10.88.0.0/24' },
    ] as const;
    const sorted = (entries: readonly { readonly source: string }[]) => entries.toSorted((a, b) => (a.source < b.source ? -1 : 1));

    it('is a set of sources', async (test) => {
      bench.needs(test, 'nftables');
      const node = await bench.namespace();
      expect(await node.masquerades()).toEqual([]);
      await node.unmasquerade([pods[0]]);
      await node.masquerade([]);
      await node.masquerade([pods[0], pods[1]]);
      await node.masquerade([pods[1], pods[2]]);
      expect(sorted(await node.masquerades())).toEqual(sorted(pods));
      await node.unmasquerade([pods[0], { source: '10.88.0.99', subnet: '10.88.0.0/24' }]);
      expect(sorted(await node.masquerades())).toEqual(sorted([pods[1], pods[2]]));
      await node.unmasquerade(pods);
      await node.unmasquerade(pods);
      expect(await node.masquerades()).toEqual([]);
      await node.masquerade([pods[0]]);
      expect(await node.masquerades()).toEqual([pods[0]]);
    });

    it('takes what comes together', async (test) => {
      bench.needs(test, 'nftables');
      const node = await bench.namespace();
      const entries = Array.from({ length: 30 }, (_, number) => ({ source: `10.88.0.${number + 10}`, subnet: '10.88.0.0/24' }));
      await Promise.all(entries.map((entry) => node.masquerade([entry])));
      expect(sorted(await node.masquerades())).toEqual(sorted(entries));
      await Promise.all(entries.map((entry) => node.unmasquerade([entry])));
      expect(await node.masquerades()).toEqual([]);
    });

    it('refuses a whole call for one entry that is none', async (test) => {
      bench.needs(test, 'nftables');
      const node = await bench.namespace();
      await expect(node.masquerade([pods[0], { source: 'ten', subnet: '10.88.0.0/24' }])).rejects.toMatchObject({ code: 'host.invalid' });
      expect(await node.masquerades()).toEqual([]);
    });

    it('lets a source, and no other, be answered from where its subnet is unknown', async (test) => {
      bench.needs(test, 'nftables', 'raw_ping');
      const node = await bridgedNode(bench);
      const [pod, other] = [await bridgedPod(bench, node, 5), await bridgedPod(bench, node, 6)];
      await outside(bench, node);
      await forwards(node);
      await node.masquerade([pods[0], pods[1]]);
      for (const address of ['192.0.2.2', 'fd00:99::2']) expect(await bench.reaches(pod.namespace, address)).toBe(true);
      for (const address of ['192.0.2.2', 'fd00:99::2']) {
        await expect(bench.ping(other.namespace, address)).rejects.toMatchObject({ code: 'host.unreachable' });
      }
      expect(await bench.reaches(pod.namespace, other.v4)).toBe(true);
    });
  });
}
