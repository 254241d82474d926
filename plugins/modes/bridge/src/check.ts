import { type Attachment, type Host, hostErrors, type Link, type Namespace, networkErrors, type Route } from '@hawser/core/network';
import { bridgeFaults, missingGateways } from './bridge-device.ts';
import { isPort } from './port.ts';
import { type Plan, planOf } from './plan.ts';
import type { BridgeSettings } from './settings.ts';

/** Compares the host with what was attached; tells all differences at once and tolerates what others added. */
export async function checkAttachment(host: Host, attachment: Attachment<BridgeSettings>, signal: AbortSignal): Promise<void> {
  const plan = planOf(attachment);
  const bridge = await host.own.link(plan.bridge.name);
  const differences = [
    ...(await nodeDifferences(host.own, plan, bridge)),
    ...(await insideDifferences(host, attachment, plan, bridge, signal)),
  ];
  if (differences.length === 0) return;
  throw networkErrors.checkFailed(
    `${attachment.containerId}/${attachment.ifname} differs from what was attached: ${differences.join('; ')}`,
    {
      details: { differences },
    },
  );
}

async function nodeDifferences(node: Namespace, plan: Plan, bridge: Link | undefined): Promise<readonly string[]> {
  const differences: string[] = bridge ? [...bridgeFaults(plan.bridge, bridge)] : [`bridge ${plan.bridge.name} is missing`];
  if (bridge) {
    const missing = missingGateways(plan.bridge, await node.addresses(bridge.name));
    differences.push(...missing.map((cidr) => `bridge ${plan.bridge.name} lacks the gateway address ${cidr}`));
  }
  for (const family of plan.bridge.forwarding) {
    if ((await node.sysctl(family === 4 ? 'net.ipv4.ip_forward' : 'net.ipv6.conf.all.forwarding')) === '0')
      differences.push(`the node does not forward IPv${family}`);
  }
  differences.push(...portDifferences(plan, await node.link(plan.port.name), bridge));
  if (plan.masquerades.length > 0) {
    const present = await node.masquerades();
    const missing = plan.masquerades.filter(
      ({ source, subnet }) => !present.some((entry) => entry.source === source && entry.subnet === subnet),
    );
    differences.push(...missing.map(({ source }) => `${source} is not masqueraded`));
  }
  return differences;
}

function portDifferences({ port, bridge: { name } }: Plan, link: Link | undefined, bridge: Link | undefined): readonly string[] {
  if (!link) return [`the host's end ${port.name} is missing`];
  if (!isPort(link, port.alias)) return [`the link ${port.name} belongs to somebody else`];
  return [
    ...(link.up ? [] : [`the host's end ${port.name} is down`]),
    ...(bridge && link.master !== bridge.index ? [`${port.name} is no port of bridge ${name}`] : []),
    ...((link.hairpin ?? false) === port.hairpin ? [] : [`hairpin mode of ${port.name} is ${port.hairpin ? 'off' : 'on'}`]),
  ];
}

async function insideDifferences(
  host: Host,
  attachment: Attachment<BridgeSettings>,
  plan: Plan,
  bridge: Link | undefined,
  signal: AbortSignal,
): Promise<readonly string[]> {
  signal.throwIfAborted();
  let namespace: Namespace;
  try {
    namespace = await host.openNamespace(attachment.netns);
  } catch (error) {
    if (!hostErrors.namespaceGone.is(error)) throw error;
    return [`the namespace ${attachment.netns} is gone`];
  }
  using pod = namespace;
  const link = await pod.link(plan.pod.ifname);
  if (!link) return [`interface ${plan.pod.ifname} is missing`];
  const port = await host.own.link(plan.port.name);
  if (link.kind !== 'veth' || (port && (link.peer !== port.index || port.peer !== link.index))) {
    return [`interface ${plan.pod.ifname} is not the one that was attached`];
  }
  return [...linkDifferences(attachment, plan, link), ...(await layerThreeDifferences(pod, plan, bridge))];
}

function linkDifferences({ result }: Attachment<BridgeSettings>, { pod }: Plan, link: Link): readonly string[] {
  const mtu = result?.interfaces.find(({ name, sandbox }) => name === pod.ifname && sandbox !== undefined)?.mtu;
  return [
    ...(link.up ? [] : [`interface ${pod.ifname} is down`]),
    ...(link.mac === pod.mac ? [] : [`interface ${pod.ifname} has the MAC ${link.mac} instead of ${pod.mac}`]),
    ...(mtu === undefined || link.mtu === mtu ? [] : [`interface ${pod.ifname} has the MTU ${link.mtu} instead of ${mtu}`]),
  ];
}

async function layerThreeDifferences(namespace: Namespace, { pod }: Plan, bridge: Link | undefined): Promise<readonly string[]> {
  const [addresses, routes, neighbours] = [
    await namespace.addresses(pod.ifname),
    pod.routes.length > 0 ? await namespace.routes() : [],
    pod.neighbours.length > 0 ? await namespace.neighbours(pod.ifname) : [],
  ];
  const gatewayMac = bridge?.mac;
  return [
    ...pod.addresses
      .filter(({ cidr }) => !addresses.some((address) => address.cidr === cidr))
      .map(({ cidr }) => `interface ${pod.ifname} lacks the address ${cidr}`),
    ...pod.routes
      .filter((route) => !routes.some((other) => sameRoute(route, other)))
      .map((route) => `the route to ${route.dst}${via(route)} is missing`),
    ...pod.neighbours
      .filter((address) => !neighbours.some((other) => other.address === address && (gatewayMac === undefined || other.mac === gatewayMac)))
      .map((address) => `the neighbour entry of the gateway ${address} is missing or wrong`),
  ];
}

/** Whether a route of the kernel is the one that was asked for; what was left to the kernel is not compared. */
function sameRoute(wanted: Route, found: Route): boolean {
  return (
    wanted.dst === found.dst &&
    wanted.gateway === found.gateway &&
    wanted.link === found.link &&
    (wanted.table ?? 254) === (found.table ?? 254) &&
    (wanted.priority === undefined || wanted.priority === found.priority)
  );
}

const via = ({ gateway }: Route): string => (gateway === undefined ? '' : ` via ${gateway}`);
