import { describe, expect, it } from 'vitest';
import type { Namespace } from '../../network/host.ts';
import { type HostBench, eventually, linkOf } from './bench.ts';
import { address, until } from './watch-clauses.ts';

const CHANGES: readonly (readonly [what: string, change: (node: Namespace) => Promise<void>])[] = [
  ['goes down', (node) => node.setLink('br0', { up: false })],
  ['gets another MTU', (node) => node.setLink('br0', { mtu: 1400 })],
  ['gets another MAC', (node) => node.setLink('br0', { mac: '0a:58:00:00:00:09' })],
  ['gets another alias', (node) => node.setLink('br0', { alias: 'somebody else’s' })],
  ['becomes promiscuous', (node) => node.setLink('br0', { promiscuous: true })],
  ['gets an address of IPv4', (node) => node.addAddress({ link: 'br0', cidr: '10.89.0.1/24' })],
  ['loses an address of IPv4', (node) => node.deleteAddress({ link: 'br0', cidr: '10.88.0.1/24' })],
  ['loses an address of IPv6', (node) => node.deleteAddress({ link: 'br0', cidr: 'fd00:88::1/64' })],
  ['is in a namespace that forwards IPv4 from now on', (node) => node.setSysctl('net.ipv4.ip_forward', '1')],
  ['is in a namespace that forwards IPv6 from now on', (node) => node.setSysctl('net.ipv6.conf.all.forwarding', '1')],
];

/** Two handles of a namespace with the bridge br0, that has addresses and no more coming by themselves. */
async function bridged(bench: HostBench): Promise<readonly [Namespace, Namespace]> {
  const path = bench.path();
  await bench.host.createNamespace(path);
  const [node, other] = [await bench.open(path), await bench.open(path)];
  await node.setSysctl('net.ipv6.conf.default.addr_gen_mode', '1');
  for (const sysctl of ['net.ipv4.ip_forward', 'net.ipv6.conf.all.forwarding']) await node.setSysctl(sysctl, '0');
  await node.createBridge({ name: 'br0', mtu: 1500, up: true });
  const events = await node.watch(bench.signal);
  for (const cidr of ['10.88.0.1/24', 'fd00:88::1/64']) {
    await node.addAddress({ link: 'br0', cidr, nodad: true });
    await until(events, address('set', cidr));
  }
  return [node, other];
}

/** Whether a link is still as it was. */
export function revisionClauses(bench: HostBench): void {
  describe('the revision of a link', () => {
    it('stays while nothing changes, however often and for whatever it is looked at', async () => {
      const [node] = await bridged(bench);
      const before = await node.revision('br0');
      expect(before).toBeTypeOf('number');
      for (let times = 0; times < 3; times++) {
        await node.link('br0');
        await node.addresses('br0');
        expect(await node.revision('br0')).toBe(before);
      }
    });

    it.each(CHANGES)('is another one at once when it %s, by whomever', async (_what, change) => {
      const [node, other] = await bridged(bench);
      const before = await node.revision('br0');
      await change(other);
      const after = await node.revision('br0');
      expect(after).toBeTypeOf('number');
      expect(after).not.toBe(before);
      expect(await node.revision('br0')).toBe(after);
    });

    it('is another one soon when it gets an address of IPv6', async () => {
      const [node, other] = await bridged(bench);
      const before = await node.revision('br0');
      await other.addAddress({ link: 'br0', cidr: 'fd00:89::1/64', nodad: true });
      await eventually(async () => expect(await node.revision('br0')).not.toBe(before));
    });

    it('is none while there is no such link, and another one for the next of its name', async () => {
      const [node, other] = await bridged(bench);
      const before = await node.revision('br0');
      await other.deleteLink('br0');
      expect(await node.revision('br0')).toBeUndefined();
      await other.createBridge({ name: 'br0', mtu: 1500, up: true });
      expect([before, undefined]).not.toContain(await node.revision('br0'));
      await other.deleteLink('br0');
      await other.createBridge({ name: 'br0', mtu: 1500, up: true });
      expect([before, undefined]).not.toContain(await node.revision('br0'));
    });

    it('is its name’s: another link of that name is another one', async () => {
      const [node, other] = await bridged(bench);
      await other.createBridge({ name: 'br1', mtu: 1500, up: true });
      const before = [await node.revision('br0'), await node.revision('br1')];
      await other.setLink('br0', { name: 'br2' });
      await other.setLink('br1', { name: 'br0' });
      expect([...before, undefined]).not.toContain(await node.revision('br0'));
      expect(await node.revision('br1')).toBeUndefined();
    });

    it('stays while others come, get addresses, join it, run and go', async () => {
      const [node, other] = await bridged(bench);
      const pod = await bench.namespace();
      const join = async (name: string): Promise<void> => {
        await other.createVeth({ name, master: 'br0', up: true, peer: { namespace: pod, name: 'eth0', up: true } });
        await eventually(async () => expect((await linkOf(node, 'br0')).running).toBe(true));
        await other.addAddress({ link: name, cidr: '192.0.2.1/32' });
        await other.setLink(name, { alias: 'a port' });
        await other.deleteLink(name);
        await eventually(async () => expect((await linkOf(node, 'br0')).running).toBe(false));
      };
      // A bridge’s own addresses are checked with its first port, which is told a moment later.
      await eventually(async () => {
        const before = await node.revision('br0');
        for (const name of ['port0', 'port1']) await join(name);
        expect(await node.revision('br0')).toBe(before);
      });
    });

    it('of several links are their own', async () => {
      const [node, other] = await bridged(bench);
      await other.createBridge({ name: 'br1', mtu: 1500, up: true });
      const [first, second] = [await node.revision('br0'), await node.revision('br1')];
      await other.setLink('br1', { mtu: 1400 });
      expect(await node.revision('br0')).toBe(first);
      expect(await node.revision('br1')).not.toBe(second);
    });

    it('is refused by a closed handle', async () => {
      const [node] = await bridged(bench);
      node[Symbol.dispose]();
      await expect(node.revision('br0')).rejects.toMatchObject({ code: 'host.namespace_gone' });
    });
  });
}
