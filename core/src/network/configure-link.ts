import { hostErrors } from './errors.ts';
import type { Address, LinkConfiguration, Namespace, Neighbour, Route } from './host.ts';

/** One part of a link's configuration. */
export type LinkStep =
  | { readonly kind: 'sysctl'; readonly name: string; readonly value: string }
  | { readonly kind: 'address'; readonly address: Address }
  | { readonly kind: 'up' }
  | { readonly kind: 'route'; readonly route: Route }
  | { readonly kind: 'neighbour'; readonly neighbour: Pick<Neighbour, 'link' | 'address' | 'mac'> };

/**
 * The parts in the order that `configureLink` has them: settings decide about what comes after; a link that comes up
 * announces the addresses of IPv4 that it has by then, and would take those of IPv6 for new ones to be probed.
 */
export function linkSteps(link: string, configuration: LinkConfiguration): readonly LinkStep[] {
  const { sysctls = {}, addresses = [], up = false, routes = [], neighbours = [] } = configuration;
  const steps: LinkStep[] = [];
  for (const name in sysctls) steps.push({ kind: 'sysctl', name, value: sysctls[name] ?? '' });
  for (const address of addresses) if (!isOfIpv6(address.cidr)) steps.push({ kind: 'address', address: { ...address, link } });
  if (up) steps.push({ kind: 'up' });
  for (const address of addresses) if (isOfIpv6(address.cidr)) steps.push({ kind: 'address', address: { ...address, link } });
  for (const route of routes) steps.push({ kind: 'route', route: { ...route, link } });
  for (const neighbour of neighbours) steps.push({ kind: 'neighbour', neighbour: { ...neighbour, link } });
  return steps;
}

const isOfIpv6 = (cidr: string): boolean => cidr.includes(':');

/**
 * `configureLink` by the methods that a namespace has for each part: for hosts without a quicker way, and for those
 * that stand in front of others to see each change.
 */
export async function configureLinkByParts(namespace: Namespace, link: string, configuration: LinkConfiguration): Promise<void> {
  if ((await namespace.link(link)) === undefined) throw hostErrors.notFound(`there is no link '${link}'`, { details: { link } });
  for (const step of linkSteps(link, configuration)) await carryOut(namespace, link, step);
}

async function carryOut(namespace: Namespace, link: string, step: LinkStep): Promise<void> {
  switch (step.kind) {
    case 'sysctl':
      return namespace.setSysctl(step.name, step.value).catch((error: unknown) => {
        if (!hostErrors.notFound.is(error)) throw error;
      });
    case 'address':
      return namespace.addAddress(step.address);
    case 'up':
      return namespace.setLink(link, { up: true });
    case 'route':
      return namespace.replaceRoute(step.route);
    case 'neighbour':
      return namespace.setNeighbour(step.neighbour);
  }
}
