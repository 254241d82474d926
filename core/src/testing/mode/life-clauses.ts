import { describe, expect, it } from 'vitest';
import type { ModeBench } from './bench.ts';
import { hostInventory, inventory } from './inventory.ts';

/** What attach and detach do when nobody dies. */
export function lifeClauses(bench: ModeBench): void {
  describe('attach and detach', () => {
    it('make the interface that the result tells of, and take it away again', async () => {
      const mode = await bench.start();
      const { namespace, attachment } = await bench.pod(mode);
      const empty = await inventory(namespace);
      const result = await bench.attach(mode, attachment);
      const inside = result.interfaces.find(({ sandbox, name }) => sandbox === attachment.netns && name === attachment.ifname);
      expect(inside, 'the interface in the container').toBeDefined();
      expect(await namespace.link(attachment.ifname)).toMatchObject({ mac: inside?.mac, up: true });
      const addresses = (await namespace.addresses(attachment.ifname)).map(({ cidr }) => cidr);
      expect(addresses).toEqual(expect.arrayContaining(result.ips.map(({ address }) => address)));
      for (const ip of result.ips) expect(result.interfaces[ip.interface ?? -1]).toBe(inside);
      await bench.check(mode, { ...attachment, result });
      await bench.detach(mode, { ...attachment, result });
      expect(await inventory(namespace)).toEqual(empty);
    });

    it('leave the host as it was before the second container', async () => {
      const mode = await bench.start();
      const [first, second] = [await bench.pod(mode), await bench.pod(mode)];
      await bench.attach(mode, first.attachment);
      const [before, empty] = [await hostInventory(bench.host), await inventory(second.namespace)];
      await bench.attach(mode, second.attachment);
      // Some modes make all that they make inside the container.
      expect([await hostInventory(bench.host), await inventory(second.namespace)]).not.toEqual([before, empty]);
      await bench.detach(mode, second.attachment);
      expect(await hostInventory(bench.host)).toEqual(before);
      await bench.check(mode, first.attachment);
    });

    it('leave the container what its other interface has', async () => {
      const mode = await bench.start();
      const [first, other] = [await bench.pod(mode), await bench.pod(mode)];
      const { containerId, netns } = first.attachment;
      const second = { ...other.attachment, containerId, netns, ifname: 'eth1' };
      const result = await bench.attach(mode, first.attachment);
      const before = await inventory(first.namespace);
      const added = await bench.attach(mode, second);
      await bench.check(mode, { ...first.attachment, result });
      await bench.check(mode, { ...second, result: added });
      await bench.detach(mode, { ...second, result: added });
      expect(await inventory(first.namespace)).toEqual(before);
    });

    it('can be repeated, each', async () => {
      const mode = await bench.start();
      const { namespace, attachment } = await bench.pod(mode);
      const empty = await inventory(namespace);
      const result = await bench.attach(mode, attachment);
      expect(await bench.attach(mode, attachment)).toEqual(result);
      await bench.check(mode, { ...attachment, result });
      for (let times = 0; times < 3; times++) await bench.detach(mode, { ...attachment, result });
      expect(await inventory(namespace)).toEqual(empty);
    });

    it('detaches what was never attached', async () => {
      const mode = await bench.start();
      const { attachment } = await bench.pod(mode);
      const before = await hostInventory(bench.host);
      await bench.detach(mode, attachment);
      expect(await hostInventory(bench.host)).toEqual(before);
    });

    it('work beside each other, the first ones on a host without anything', async () => {
      const mode = await bench.start();
      const pods = [];
      for (let count = 0; count < 8; count++) pods.push(await bench.pod(mode));
      const results = await bench.settle(Promise.all(pods.map(({ attachment }) => mode.attach(attachment, AbortSignal.any([])))));
      for (const [index, { attachment }] of pods.entries())
        await bench.check(mode, { ...attachment, ...(results[index] ? { result: results[index] } : {}) });
      expect(new Set(results.flatMap(({ ips }) => ips.map(({ address }) => address))).size).toBe(results.flatMap(({ ips }) => ips).length);
      await Promise.all(pods.map(({ attachment }) => bench.detach(mode, attachment)));
      for (const { namespace } of pods) expect((await inventory(namespace)).filter((line) => line.startsWith('link eth0'))).toEqual([]);
    });
  });

  describe('a namespace', () => {
    it('may be gone at detach', async () => {
      const mode = await bench.start();
      const [other, { path, attachment }] = [await bench.pod(mode), await bench.pod(mode)];
      await bench.attach(mode, other.attachment);
      const before = await hostInventory(bench.host);
      await bench.attach(mode, attachment);
      await bench.deleteNamespace(path);
      await bench.detach(mode, attachment);
      expect(await hostInventory(bench.host)).toEqual(before);
    });

    it('may be another container’s at detach, which keeps its interface', async () => {
      const mode = await bench.start();
      const { path, attachment } = await bench.pod(mode);
      await bench.attach(mode, attachment);
      await bench.deleteNamespace(path);
      const namespace = await bench.namespaceAt(path);
      const next = await bench.pod(mode);
      const successor = { ...next.attachment, netns: path };
      const result = await bench.attach(mode, successor);
      await bench.detach(mode, attachment);
      await bench.check(mode, { ...successor, result });
      expect(await namespace.link(successor.ifname)).toBeDefined();
      await bench.detach(mode, successor);
    });

    it('that is gone is told by attach, and nothing is left', async () => {
      const mode = await bench.start();
      const { path, attachment } = await bench.pod(mode);
      await bench.deleteNamespace(path);
      await expect(bench.attach(mode, attachment)).rejects.toMatchObject({ code: 'host.namespace_gone' });
      await bench.detach(mode, attachment);
    });

    it('that has an interface of this name already is left alone', async () => {
      const mode = await bench.start();
      const { namespace, attachment } = await bench.pod(mode);
      await bench.settle(
        namespace.createVeth({ name: attachment.ifname, mac: '0a:58:00:00:00:99', peer: { namespace, name: 'hwt-peer' } }),
      );
      const before = await inventory(namespace);
      await expect(bench.attach(mode, attachment)).rejects.toMatchObject({ code: 'host.already_exists' });
      await bench.detach(mode, attachment);
      expect(await inventory(namespace)).toEqual(before);
      expect(await namespace.link(attachment.ifname)).toMatchObject({ mac: '0a:58:00:00:00:99' });
    });
  });
}
