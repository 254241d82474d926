import type { AttachedRoute, Attachment, AttachmentId, AttachmentResult } from './attachment.ts';
import { hostErrors, networkErrors } from './errors.ts';
import type { Host, Link, Namespace, Route } from './host.ts';

/**
 * What of an attachment's interface is no more as its result tells, each as a clause: the namespace, the link with its MAC and
 * MTU, addresses, routes. What others have added is no difference. Without a result nothing is compared.
 */
export async function insideDifferences(host: Host, attachment: Attachment): Promise<readonly string[]> {
  const { netns, ifname, result } = attachment;
  try {
    using inside = await host.openNamespace(netns);
    const link = await inside.link(ifname);
    if (!link) return [`interface ${ifname} is missing`];
    return result === undefined ? [] : [...linkDifferences(link, result, netns), ...(await layerThreeDifferences(inside, ifname, result))];
  } catch (error) {
    if (!hostErrors.namespaceGone.is(error)) throw error;
    return [`the namespace ${netns} is gone`];
  }
}

/** A mode's `check` where all that it made is inside the container: throws `network.check_failed` with all differences. */
export async function checkInside(host: Host, attachment: Attachment): Promise<void> {
  throwDifferences(attachment, await insideDifferences(host, attachment));
}

/** Throws `network.check_failed` where there are any: what every mode's `check` ends with. */
export function throwDifferences({ containerId, ifname }: AttachmentId, differences: readonly string[]): void {
  if (differences.length === 0) return;
  throw networkErrors.checkFailed(`${containerId}/${ifname} differs from what was attached: ${differences.join('; ')}`, {
    details: { differences },
  });
}

function linkDifferences({ name, up, mac, mtu }: Link, { interfaces }: AttachmentResult, netns: string): readonly string[] {
  const made = interfaces.find((one) => one.name === name && one.sandbox === netns);
  return [
    ...(up ? [] : [`interface ${name} is down`]),
    ...(made === undefined || made.mac === mac ? [] : [`interface ${name} has the MAC ${mac} instead of ${made.mac}`]),
    ...(made?.mtu === undefined || made.mtu === mtu ? [] : [`interface ${name} has the MTU ${mtu} instead of ${made.mtu}`]),
  ];
}

async function layerThreeDifferences(inside: Namespace, ifname: string, { ips, routes }: AttachmentResult): Promise<readonly string[]> {
  const held = new Set((await inside.addresses(ifname)).map(({ cidr }) => cidr));
  const found = routes.length === 0 ? [] : await inside.routes({ link: ifname });
  return [
    ...ips.filter(({ address }) => !held.has(address)).map(({ address }) => `interface ${ifname} lacks the address ${address}`),
    ...routes
      .filter((route) => !found.some((other) => isSame(route, other)))
      .map(({ dst, gw }) => `the route to ${dst}${gw === undefined ? '' : ` via ${gw}`} is missing`),
  ];
}

/** Whether a route of the kernel is the one that was made; what was left to the kernel is not compared. */
const isSame = (made: AttachedRoute, found: Route): boolean =>
  made.dst === found.dst &&
  made.gw === found.gateway &&
  (made.table ?? 254) === (found.table ?? 254) &&
  (made.priority === undefined || made.priority === found.priority);
