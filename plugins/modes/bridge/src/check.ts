import {
  type Attachment,
  type AttachmentResult,
  formatCidr,
  type Host,
  hostErrors,
  insideDifferences,
  ipBits,
  type Link,
  type Namespace,
  networkOf,
  parseCidr,
  throwDifferences,
} from '@hawser/core/network';
import { bridgeFaults, missingGateways } from './bridge-device.ts';
import { FORWARDING } from './forwarding.ts';
import { isPort } from './port.ts';
import { type Plan, planOf } from './plan.ts';
import type { BridgeSettings } from './settings.ts';

/** Compares the host with what was attached; tells all differences at once and tolerates what others added. */
export async function checkAttachment(host: Host, attachment: Attachment<BridgeSettings>, signal: AbortSignal): Promise<void> {
  signal.throwIfAborted();
  const plan = planOf(attachment);
  const bridge = await host.own.link(plan.bridge.name);
  throwDifferences(attachment, [
    ...(await nodeDifferences(host.own, plan, bridge, attachment.result)),
    ...(await insideDifferences(host, attachment)),
    ...(await wiringDifferences(host, attachment, plan, bridge)),
  ]);
}

async function nodeDifferences(
  node: Namespace,
  plan: Plan,
  bridge: Link | undefined,
  result: AttachmentResult | undefined,
): Promise<readonly string[]> {
  const differences: string[] = bridge ? [...bridgeFaults(plan.bridge, bridge)] : [`bridge ${plan.bridge.name} is missing`];
  if (bridge) {
    const missing = missingGateways(plan.bridge, await node.addresses(bridge.name));
    differences.push(...missing.map((cidr) => `bridge ${plan.bridge.name} lacks the gateway address ${cidr}`));
  }
  for (const family of plan.bridge.forwarding) {
    if ((await node.sysctl(FORWARDING[family])) === '0') differences.push(`the node does not forward IPv${family}`);
  }
  differences.push(...portDifferences(plan, await node.link(plan.port.name), bridge, result));
  if (plan.masquerades.length > 0) {
    const present = await node.masquerades();
    const missing = plan.masquerades.filter(
      ({ source, subnet }) => !present.some((entry) => entry.source === source && entry.subnet === subnet),
    );
    differences.push(...missing.map(({ source }) => `${source} is not masqueraded`));
  }
  return differences;
}

function portDifferences(
  { port, bridge: { name } }: Plan,
  link: Link | undefined,
  bridge: Link | undefined,
  result: AttachmentResult | undefined,
): readonly string[] {
  if (!link) return [`the host's end ${port.name} is missing`];
  if (!isPort(link, port.alias)) return [`the link ${port.name} belongs to somebody else`];
  const made = result?.interfaces.find((one) => one.name === port.name && one.sandbox === undefined);
  return [
    ...(link.up ? [] : [`the host's end ${port.name} is down`]),
    ...(link.mac === port.mac ? [] : [`the host's end ${port.name} has the MAC ${link.mac} instead of ${port.mac}`]),
    ...(made?.mtu === undefined || made.mtu === link.mtu
      ? []
      : [`the host's end ${port.name} has the MTU ${link.mtu} instead of ${made.mtu}`]),
    ...(bridge && link.master !== bridge.index ? [`${port.name} is no port of bridge ${name}`] : []),
    ...((link.hairpin ?? false) === port.hairpin ? [] : [`hairpin mode of ${port.name} is ${port.hairpin ? 'off' : 'on'}`]),
  ];
}

/** How the container hangs on the bridge; what is missing there is told with all that is inside. */
async function wiringDifferences(host: Host, { netns }: Attachment, plan: Plan, bridge: Link | undefined): Promise<readonly string[]> {
  try {
    using pod = await host.openNamespace(netns);
    const link = await pod.link(plan.pod.ifname);
    if (!link) return [];
    const port = await host.own.link(plan.port.name);
    const isOurs = link.kind === 'veth' && (!port || (link.peer === port.index && port.peer === link.index));
    if (!isOurs) return [`interface ${plan.pod.ifname} is not the one that was attached`];
    // A link that gets another MAC loses its neighbours, and asks for them from then on.
    const neighbours = link.mac === plan.pod.mac ? await neighbourDifferences(pod, plan, bridge) : [];
    return [...(await subnetDifferences(pod, plan)), ...neighbours];
  } catch (error) {
    if (!hostErrors.namespaceGone.is(error)) throw error;
    return [];
  }
}

/** The kernel has made them with the addresses; they may have been moved to another table by a later plugin. */
async function subnetDifferences(namespace: Namespace, { pod }: Plan): Promise<readonly string[]> {
  const subnets = pod.addresses.flatMap(({ cidr, family }) => {
    const parsed = parseCidr(cidr);
    return parsed && parsed.length < ipBits(family) ? [formatCidr(networkOf(parsed))] : [];
  });
  const routes = await namespace.routes({ link: pod.ifname });
  return subnets
    .filter((subnet) => !routes.some(({ dst }) => dst === subnet))
    .map((subnet) => `the route to the subnet ${subnet} is missing`);
}

async function neighbourDifferences(namespace: Namespace, { pod }: Plan, bridge: Link | undefined): Promise<readonly string[]> {
  const neighbours = pod.neighbours.length > 0 ? await namespace.neighbours(pod.ifname) : [];
  return pod.neighbours
    .filter((address) => !neighbours.some((other) => other.address === address && (bridge === undefined || other.mac === bridge.mac)))
    .map((address) => `the neighbour entry of the gateway ${address} is missing or wrong`);
}
