import type { Clock } from '@hawser/core';
import {
  type Attachment,
  type Family,
  type Host,
  hostErrors,
  type Link,
  type LinkConfiguration,
  type Namespace,
} from '@hawser/core/network';
import { type Plan, type PodPlan, portOf } from './plan.ts';
import type { BridgeSettings } from './settings.ts';

/** Whether a host link is the port that a plan names. One whose maker died before it was labelled has no alias. */
export function isPort(link: Link, alias: string): boolean {
  return link.kind === 'veth' && (link.alias === undefined || link.alias === '' || link.alias === alias);
}

/**
 * Makes the pair, with the container's end in its namespace, down. What an earlier attempt left behind goes first;
 * an interface of that name which is somebody else's is refused (`host.already_exists`).
 */
export async function createPort(node: Namespace, pod: Namespace, plan: Plan, mtu: number): Promise<void> {
  const create = (): Promise<void> =>
    node.createVeth({
      name: plan.port.name,
      mac: plan.port.mac,
      mtu,
      alias: plan.port.alias,
      master: plan.bridge.name,
      hairpin: plan.port.hairpin,
      // Nor would it carry the container's word to the node if somebody took it off the bridge.
      ipv6: false,
      up: true,
      peer: { namespace: pod, name: plan.pod.ifname, mac: plan.pod.mac },
    });
  try {
    await create();
  } catch (error) {
    if (!hostErrors.alreadyExists.is(error)) throw error;
    await removeLeftover(node, pod, plan, error);
    await create();
  }
}

/** Deletes what has one of the names and is ours. */
async function removeLeftover(node: Namespace, pod: Namespace, { port, pod: { ifname } }: Plan, cause: unknown): Promise<void> {
  const own = await node.link(port.name);
  if (own) {
    if (!isPort(own, port.alias))
      throw hostErrors.alreadyExists(`the host has a link ${port.name} which is not of this attachment`, { cause });
    await deleteIfThere(node, port.name);
  }
  const inside = await pod.link(ifname);
  if (!inside) return;
  // Of an earlier life, whose books are lost.
  const orphan = await otherEnd(node, inside, port.alias);
  if (!orphan) {
    throw hostErrors.alreadyExists(`the container's namespace already has an interface ${ifname}, which was not made for this attachment`, {
      cause,
      remedy: 'Remove it, or choose another interface name.',
    });
  }
  await deleteIfThere(node, orphan.name);
}

/** The port of an interface in a container, whatever it is called: it still says what it belongs to. */
async function otherEnd(node: Namespace, inside: Link, alias: string): Promise<Link | undefined> {
  const links = await node.links();
  return links.find((link) => link.kind === 'veth' && link.alias === alias && link.index === inside.peer && link.peer === inside.index);
}

/** Takes the port of an attachment away, with the container's end; also where somebody has given it another name. */
export async function retirePort(host: Host, attachment: Attachment<BridgeSettings>): Promise<{ readonly settled: Promise<void> }> {
  const { name, alias, mac } = portOf(attachment);
  let isThere = false;
  const retired = await host.own.retireLink(name, (link) => (isThere = isPort(link, alias)));
  const renamed = isThere ? undefined : await renamedPort(host, attachment, { alias, mac });
  return renamed === undefined ? retired : host.own.retireLink(renamed, (link) => isPort(link, alias));
}

/**
 * The name that somebody has given a port; undefined where the container's namespace or interface is gone, and the port with it.
 * A later attachment of the same interface has a port of another MAC.
 */
async function renamedPort(
  host: Host,
  { netns, ifname }: Pick<Attachment, 'netns' | 'ifname'>,
  { alias, mac }: Pick<Plan['port'], 'alias' | 'mac'>,
): Promise<string | undefined> {
  using pod = await host.openNamespace(netns).catch((error: unknown) => {
    if (!hostErrors.namespaceGone.is(error)) throw error;
    return undefined;
  });
  const inside = await pod?.link(ifname);
  const port = inside?.kind === 'veth' ? await otherEnd(host.own, inside, alias) : undefined;
  return port?.mac === mac ? port.name : undefined;
}

async function deleteIfThere(node: Namespace, name: string): Promise<void> {
  await node.deleteLink(name).catch((error: unknown) => {
    if (!hostErrors.notFound.is(error)) throw error;
  });
}

/** Between two looks at a port that doesn't forward yet, milliseconds; the kernel takes up to a second at worst. */
const PAUSES_MS = [1, 1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 1_024];

/**
 * Waits until the bridge forwards to and from the port: the kernel looks at carriers in the background, and what a
 * container sends before that is lost, its first question for a MAC too, which it repeats a second later.
 */
export async function portForwards(node: Namespace, port: string, clock: Pick<Clock, 'sleep'>, signal: AbortSignal): Promise<void> {
  for (const pause of PAUSES_MS) {
    if ((await node.isRunning(port)) === true) return;
    await clock.sleep(pause, signal);
  }
  if ((await node.isRunning(port)) !== true) throw hostErrors.busy(`the port ${port} does not come up`);
}

/** Addresses, routes and the gateway's neighbour inside of the container; `gatewayMac` is the bridge's. */
export async function configurePod(namespace: Namespace, pod: PodPlan, gatewayMac: string): Promise<void> {
  const configuration = podConfiguration(pod, gatewayMac);
  try {
    await namespace.configureLink(pod.ifname, configuration);
  } catch (error) {
    // Runtimes switch IPv6 off in namespaces of networks without it; this one has it.
    const disabled = sysctlOf(pod.ifname, 6, 'disable_ipv6');
    if (!hasFamily(pod, 6) || (await namespace.sysctl(disabled)) !== '1') throw error;
    await namespace.configureLink(pod.ifname, { ...configuration, sysctls: { ...configuration.sysctls, [disabled]: '0' } });
  }
}

function podConfiguration(pod: PodPlan, gatewayMac: string): LinkConfiguration {
  return {
    // Coming up announces the address then, and takes no time to look for duplicates.
    sysctls: {
      ...(hasFamily(pod, 4) ? { [sysctlOf(pod.ifname, 4, 'arp_notify')]: '1' } : {}),
      ...(hasFamily(pod, 6) ? { [sysctlOf(pod.ifname, 6, 'accept_dad')]: '0' } : {}),
    },
    addresses: pod.addresses.map(({ cidr, family }) => ({ cidr, nodad: family === 6 })),
    up: true,
    // Another interface of the container may have the same ones, which are needed again when this one goes.
    routes: pod.routes.map((route) => ({ ...route, beside: true })),
    neighbours: pod.neighbours.map((address) => ({ address, mac: gatewayMac })),
  };
}

const hasFamily = (pod: PodPlan, family: Family): boolean => pod.addresses.some((address) => address.family === family);

const sysctlOf = (link: string, family: Family, setting: string): string => `net.ipv${family}.conf.${link.replaceAll('.', '/')}.${setting}`;
