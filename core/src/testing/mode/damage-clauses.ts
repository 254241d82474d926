import { describe, expect, it } from 'vitest';
import type { Damage, ModeBench } from './bench.ts';
import { inventory } from './inventory.ts';

const DAMAGES: readonly Damage[] = [
  { name: 'the interface is gone', inflict: ({ namespace, attachment }) => namespace.deleteLink(attachment.ifname) },
  { name: 'the interface is down', inflict: ({ namespace, attachment }) => namespace.setLink(attachment.ifname, { up: false }) },
  {
    name: 'the interface has another MAC',
    inflict: ({ namespace, attachment }) => namespace.setLink(attachment.ifname, { mac: '0a:58:99:99:99:99' }),
  },
  { name: 'the interface has another MTU', inflict: ({ namespace, attachment }) => namespace.setLink(attachment.ifname, { mtu: 1300 }) },
  {
    name: 'an address is gone',
    async inflict({ namespace, attachment }) {
      const last = attachment.result?.ips.at(-1);
      // A mode may hand out a device and nothing else; then that is all that can be lost.
      if (!last) return namespace.setLink(attachment.ifname, { up: false });
      return namespace.deleteAddress({ link: attachment.ifname, cidr: last.address });
    },
  },
  {
    name: 'a route is gone',
    async inflict({ namespace, attachment }) {
      const [route] = attachment.result?.routes ?? [];
      // A mode may get by without routes of its own; then its addresses' own ones are all that can be lost.
      if (!route) return namespace.setLink(attachment.ifname, { up: false });
      return namespace.deleteRoute({ dst: route.dst, link: attachment.ifname, ...(route.gw === undefined ? {} : { gateway: route.gw }) });
    },
  },
];

/** `check` tells what differs, and nothing else; `detach` leaves nothing whatever was done to it. */
export function damageClauses(bench: ModeBench, own: readonly Damage[]): void {
  describe('check', () => {
    it.each([...DAMAGES, ...own].map((damage) => [damage.name, damage] as const))('tells that %s', async (_name, damage) => {
      const mode = await bench.start();
      const { namespace, attachment } = await bench.pod(mode);
      const empty = await inventory(namespace);
      const result = await bench.attach(mode, attachment);
      const attached = { ...attachment, result };
      await bench.check(mode, attached);
      await bench.settle(damage.inflict({ host: bench.host, namespace, attachment: attached }));
      await expect(bench.check(mode, attached)).rejects.toMatchObject({ code: 'network.check_failed' });
      await bench.detach(mode, attached);
      expect(await inventory(namespace)).toEqual(empty);
    });

    it('tells that the namespace is gone', async () => {
      const mode = await bench.start();
      const { path, attachment } = await bench.pod(mode);
      const result = await bench.attach(mode, attachment);
      await bench.deleteNamespace(path);
      await expect(bench.check(mode, { ...attachment, result })).rejects.toMatchObject({ code: 'network.check_failed' });
      await bench.detach(mode, { ...attachment, result });
    });

    it('tolerates what others have added', async () => {
      const mode = await bench.start();
      const { namespace, attachment } = await bench.pod(mode);
      const result = await bench.attach(mode, attachment);
      await bench.settle(namespace.addAddress({ link: attachment.ifname, cidr: '192.0.2.7/32' }));
      await bench.settle(namespace.replaceRoute({ dst: '198.51.100.0/24', link: attachment.ifname }));
      await bench.settle(namespace.createVeth({ name: 'hwt-near', peer: { namespace, name: 'hwt-far' } }));
      await bench.check(mode, { ...attachment, result });
      await bench.detach(mode, { ...attachment, result });
    });
  });
}
