import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { HostFeature } from '../../network/host.ts';
import { type HostBench, eventually, linkNames } from './bench.ts';

const FEATURES: readonly HostFeature[] = ['ipv6', 'veth', 'bridge', 'nftables', 'macvlan', 'policy_routing', 'raw_ping'];

/** Opening, making, deleting and closing namespaces. */
export function namespaceClauses(bench: HostBench): void {
  describe('namespaces', () => {
    it('gives a reason for each feature that is missing, and for no other', () => {
      for (const feature of FEATURES) expect(bench.host.supports(feature)).toBe(bench.host.missing(feature) === undefined);
    });

    it('shows the links of the namespace that the agent runs in', async () => {
      expect(await bench.host.own.link('lo')).toMatchObject({ name: 'lo', kind: 'loopback' });
      expect(bench.host.own.path).toBeUndefined();
    });

    it('makes a namespace with lo up and nothing in the way', async () => {
      const namespace = await bench.namespace();
      expect(await namespace.link('lo')).toMatchObject({ name: 'lo', kind: 'loopback', up: true, mtu: 65536 });
      expect(await linkNames(namespace)).toEqual([]);
      expect(await namespace.addresses('lo')).toContainEqual(expect.objectContaining({ link: 'lo', cidr: '127.0.0.1/8' }));
    });

    it('tells namespaces apart by their identity and the same one by any handle', async () => {
      const path = bench.path();
      await bench.host.createNamespace(path);
      const [first, second, other] = [await bench.open(path), await bench.open(path), await bench.namespace()];
      expect(first.path).toBe(path);
      expect(first.id).toEqual(second.id);
      expect(first.id).not.toEqual(other.id);
      expect(first.id).not.toEqual(bench.host.own.id);
    });

    it('refuses to open what is not there or is no namespace', async () => {
      await expect(bench.host.openNamespace(bench.path())).rejects.toMatchObject({ code: 'host.namespace_gone' });
      const folder = await mkdtemp(join(tmpdir(), 'hwt-'));
      try {
        const file = join(folder, 'file');
        await writeFile(file, '');
        await expect(bench.host.openNamespace(file)).rejects.toMatchObject({ code: 'host.namespace_gone' });
      } finally {
        await rm(folder, { recursive: true });
      }
    });

    it('refuses a second namespace at the same path and keeps the first', async () => {
      const path = bench.path();
      await bench.host.createNamespace(path);
      const before = (await bench.open(path)).id;
      await expect(bench.host.createNamespace(path)).rejects.toMatchObject({ code: 'host.already_exists' });
      expect((await bench.open(path)).id).toEqual(before);
    });

    it('deletes a namespace once', async () => {
      const path = bench.path();
      await bench.host.createNamespace(path);
      await bench.host.deleteNamespace(path);
      await expect(bench.host.openNamespace(path)).rejects.toMatchObject({ code: 'host.namespace_gone' });
      await expect(bench.host.deleteNamespace(path)).rejects.toMatchObject({ code: 'host.namespace_gone' });
    });

    it('shows one handle what another changes', async () => {
      const path = bench.path();
      await bench.host.createNamespace(path);
      const [first, second] = [await bench.open(path), await bench.open(path)];
      await first.createBridge({ name: 'br0' });
      first[Symbol.dispose]();
      expect(await second.link('br0')).toMatchObject({ kind: 'bridge' });
    });

    it('refuses calls on a closed handle and lets it be closed again', async () => {
      const namespace = await bench.namespace();
      namespace[Symbol.dispose]();
      namespace[Symbol.dispose]();
      await expect(namespace.links()).rejects.toMatchObject({ code: 'host.namespace_gone' });
      await expect(namespace.createBridge({ name: 'br0' })).rejects.toMatchObject({ code: 'host.namespace_gone' });
    });

    it('keeps a namespace that has lost its path while a handle is open', async () => {
      const [node, path] = [await bench.namespace(), bench.path()];
      await bench.host.createNamespace(path);
      const pod = await bench.open(path);
      await node.createVeth({ name: 'port0', peer: { namespace: pod, name: 'eth0' } });
      await bench.host.deleteNamespace(path);
      expect(await pod.link('eth0')).toMatchObject({ kind: 'veth' });
      pod[Symbol.dispose]();
      await eventually(async () => expect(await linkNames(node)).toEqual([]));
    });

    it('takes the links of a deleted namespace and their peers along', async () => {
      const [node, path] = [await bench.namespace(), bench.path()];
      await bench.host.createNamespace(path);
      const pod = await bench.open(path);
      for (const number of [0, 1, 2]) await node.createVeth({ name: `port${number}`, peer: { namespace: pod, name: `eth${number}` } });
      pod[Symbol.dispose]();
      expect(await linkNames(node)).toEqual(['port0', 'port1', 'port2']);
      await bench.host.deleteNamespace(path);
      await eventually(async () => expect(await linkNames(node)).toEqual([]));
    });

    it('lets each namespace have links, addresses and routes of the same names', async () => {
      const namespaces = [await bench.namespace(), await bench.namespace()];
      for (const namespace of namespaces) {
        await namespace.createBridge({ name: 'br0', up: true });
        await namespace.addAddress({ link: 'br0', cidr: '10.88.0.1/24' });
      }
      await namespaces[0]?.deleteLink('br0');
      expect(await namespaces[1]?.addresses('br0')).toContainEqual(expect.objectContaining({ cidr: '10.88.0.1/24' }));
    });
  });
}
