import type { Host } from '@hawser/core/network';

/** The tour's addresses: documentation and unique local ranges, in a network namespace that is the tour's own. */
export const TOUR = {
  bridge: 'hawser-try0',
  ranges: ['10.88.0.0/16', 'fd00:88::/64'],
  world: { link: 'world0', node: ['198.51.100.1/24', '2001:db8:1::1/64'], host: ['198.51.100.2/24', '2001:db8:1::2/64'] },
} as const;

/** The tour's agent, all in one folder. */
export function tourConfig(folder: string, place: 'linux' | 'simulated'): string {
  const quote = JSON.stringify;
  const lines = [
    'version = 1',
    `root = ${quote(`${folder}/root`)}`,
    `state = ${quote(`${folder}/state`)}`,
    'required = ["hawser.mode.v1.bridge", "hawser.cni.v1.endpoint"]',
    `disabled = [${quote(place === 'linux' ? 'hawser.host.v1.simulated' : 'hawser.host.v1.linux')}]`,
    '',
    '[plugins."hawser.mode.v1.bridge"]',
    `bridge = ${quote(TOUR.bridge)}`,
    'is_default_gateway = true',
    'ip_masq = true',
    '',
    '[plugins."hawser.ipam.v1.range"]',
    `ranges = ${quote(TOUR.ranges)}`,
  ];
  if (place === 'simulated') lines.push('', '[plugins."hawser.host.v1.simulated"]');
  return `${lines.join('\n')}\n`;
}

/** The network config that the tour's runtime hands to the executable. */
export const cniConfig = (folder: string) => ({
  cniVersion: '1.1.0',
  name: 'tour',
  type: 'hawser-cni',
  mode: 'bridge',
  socket: `${folder}/state/cni.sock`,
  tombstones: `${folder}/root/tombstones`,
});

/** A third host beyond the node, which knows no route to the pods: what it answers was masqueraded. */
export async function makeWorld(host: Host, path: string): Promise<void> {
  await host.createNamespace(path);
  using world = await host.openNamespace(path);
  // Both ends would otherwise spend two seconds on making sure that nobody else has their link-local addresses.
  for (const namespace of [host.own, world]) await namespace.setSysctl('net.ipv6.conf.default.accept_dad', '0');
  await host.own.createVeth({ name: TOUR.world.link, up: true, peer: { namespace: world, name: 'eth0', up: true } });
  for (const cidr of TOUR.world.node) await host.own.addAddress({ link: TOUR.world.link, cidr, nodad: true });
  for (const cidr of TOUR.world.host) await world.addAddress({ link: 'eth0', cidr, nodad: true });
}

export const bareAddress = (cidr: string): string => cidr.slice(0, cidr.indexOf('/'));
