import type { Namespace } from '../../network/host.ts';
import type { HostBench } from './bench.ts';

/** A namespace with one interface that has addresses; its other end is `port` in the node's namespace. */
export interface Pod {
  readonly namespace: Namespace;
  readonly port: string;
  readonly v4: string;
  readonly v6: string;
}

/** A node's namespace with a bridge `br0` that has 10.88.0.1/24 and fd00:88::1/64. */
export async function bridgedNode(bench: HostBench): Promise<Namespace> {
  const node = await bench.namespace();
  await node.createBridge({ name: 'br0', up: true });
  await node.addAddress({ link: 'br0', cidr: '10.88.0.1/24', nodad: true });
  await node.addAddress({ link: 'br0', cidr: 'fd00:88::1/64', nodad: true });
  return node;
}

/** A pod on the node's bridge with 10.88.0.N/24, fd00:88::N/64 and default routes to the bridge. */
export async function bridgedPod(bench: HostBench, node: Namespace, number: number): Promise<Pod> {
  const namespace = await bench.namespace();
  const port = `port${number}`;
  await node.createVeth({ name: port, master: 'br0', up: true, peer: { namespace, name: 'eth0', up: true } });
  await namespace.addAddress({ link: 'eth0', cidr: `10.88.0.${number}/24` });
  await namespace.addAddress({ link: 'eth0', cidr: `fd00:88::${number}/64`, nodad: true });
  await namespace.replaceRoute({ dst: '0.0.0.0/0', gateway: '10.88.0.1' });
  await namespace.replaceRoute({ dst: '::/0', gateway: 'fd00:88::1', link: 'eth0' });
  return { namespace, port, v4: `10.88.0.${number}`, v6: `fd00:88::${number}` };
}

/** A namespace beyond the node, 192.0.2.2/24 and fd00:99::2/64, that knows no way back to the node's pods. */
export async function outside(bench: HostBench, node: Namespace): Promise<Namespace> {
  const namespace = await bench.namespace();
  await node.createVeth({ name: 'uplink', up: true, peer: { namespace, name: 'eth0', up: true } });
  await node.addAddress({ link: 'uplink', cidr: '192.0.2.1/24' });
  await node.addAddress({ link: 'uplink', cidr: 'fd00:99::1/64', nodad: true });
  await namespace.addAddress({ link: 'eth0', cidr: '192.0.2.2/24' });
  await namespace.addAddress({ link: 'eth0', cidr: 'fd00:99::2/64', nodad: true });
  return namespace;
}

/** Lets the namespace forward packets of both families. */
export async function forwards(node: Namespace): Promise<void> {
  await node.setSysctl('net.ipv4.ip_forward', '1');
  await node.setSysctl('net.ipv6.conf.all.forwarding', '1');
}
