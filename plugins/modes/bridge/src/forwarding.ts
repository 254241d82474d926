import { type Family, hostErrors, type Link, type Namespace } from '@hawser/core/network';

/** What lets a node forward. */
export const FORWARDING: Readonly<Record<Family, string>> = { 4: 'net.ipv4.ip_forward', 6: 'net.ipv6.conf.all.forwarding' };

const acceptRa = (link: string): string => `net.ipv6.conf.${link.replaceAll('.', '/')}.accept_ra`;

/** Lets the node forward where it does not. */
export async function forward(node: Namespace, family: Family): Promise<void> {
  if ((await node.sysctl(FORWARDING[family])) !== '0') return;
  if (family === 6) await keepAdvertisedRoutes(node);
  await node.setSysctl(FORWARDING[family], '1');
}

/** Nobody on the link tells the node where to send what is for others. */
export const ignoreAdvertisements = (node: Namespace, link: string): Promise<void> => ifThere(node.setSysctl(acceptRa(link), '0'));

/**
 * The same for a bridge that others have made. One that the node is on a network by goes on as it is: it has its default route
 * there, or a port that leads elsewhere than to a container.
 */
export async function ignoreAdvertisementsOfContainers(node: Namespace, bridge: Link): Promise<void> {
  const setting = await node.sysctl(acceptRa(bridge.name));
  if (setting === undefined || setting === '0') return;
  if ((await node.links()).some(({ master, kind }) => master === bridge.index && kind !== 'veth')) return;
  if ((await linksOfDefaultRoutes(node)).has(bridge.name)) return;
  await ignoreAdvertisements(node, bridge.name);
}

/**
 * A node that begins to forward forgets the default routes that routers have advertised, and is told of no other, except where
 * the link is set to 2: those by which the node has a default route, and takes advertisements now, go on taking them. Who
 * looks after advertisements himself, as systemd-networkd does, has it at 0, and it stays so.
 */
async function keepAdvertisedRoutes(node: Namespace): Promise<void> {
  for (const link of await linksOfDefaultRoutes(node))
    if ((await node.sysctl(acceptRa(link))) === '1') await ifThere(node.setSysctl(acceptRa(link), '2'));
}

async function linksOfDefaultRoutes(node: Namespace): Promise<ReadonlySet<string>> {
  const defaults = (await node.routes({ family: 6 })).filter(({ dst }) => dst === '::/0');
  return new Set(defaults.flatMap((route) => route.link ?? []));
}

/** A kernel without a setting, and a link that has gone, have nothing to be set. */
async function ifThere(setting: Promise<void>): Promise<void> {
  await setting.catch((error: unknown) => {
    if (!hostErrors.notFound.is(error)) throw error;
  });
}
