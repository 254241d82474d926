import { definePlugin } from '@hawser/core';
import { Host, Ipam, NetworkMode } from '@hawser/core/contracts';
import { addressClaims, type Attachment, hostErrors, macOfText, networkErrors } from '@hawser/core/network';

const MTU = 1500;

/** Names and MACs follow from the books alone, so that a later process finds the same. */
const portOf = (pod: Attachment): string => `ptp${pod.id.slice(-12)}`;
const macOf = (pod: Attachment): string => macOfText(pod.id);

/** Where the node finds a pod's address. */
const routeTo = (pod: Attachment, address: string) => {
  const bare = address.slice(0, address.indexOf('/'));
  return bare.includes(':') ? { dst: `${bare}/128`, link: portOf(pod) } : { dst: `${bare}/32`, link: portOf(pod), scope: 'link' as const };
};

export default definePlugin({
  provides: NetworkMode,
  id: 'ptp',
  enabled: 'configured',
  summary: 'Gives each pod a veth pair of its own and routes its addresses to it.',
  requires: { host: Host, ipam: Ipam.byId('range') },
  start: ({ host, ipam }) => ({
    claims: (request) => [ipam.claim(request)],

    async attach(pod, signal) {
      signal.throwIfAborted();
      await (
        await host.own.retireLink(portOf(pod))
      ).settled; // what a crash may have left half made
      using inside = await host.openNamespace(pod.netns);
      const peer = { namespace: inside, name: pod.ifname, mac: macOf(pod), up: true };
      await host.own.createVeth({ name: portOf(pod), mtu: MTU, up: true, peer });
      const ips = addressClaims(pod.claims);
      for (const { address } of ips) {
        signal.throwIfAborted();
        await inside.addAddress({ link: pod.ifname, cidr: address, nodad: true });
        await host.own.replaceRoute(routeTo(pod, address));
      }
      const eth = { name: pod.ifname, mac: macOf(pod), mtu: MTU, sandbox: pod.netns };
      return { interfaces: [eth], ips: ips.map(({ address }) => ({ address, interface: 0 })), routes: [] };
    },

    check: async (pod) => {
      const faults = await faultsOf(host, pod);
      if (faults.length > 0) throw networkErrors.checkFailed(`${pod.ifname} of ${pod.containerId}: ${faults.join(', ')}`);
    },

    detach: (pod) => host.own.retireLink(portOf(pod)),
  }),
});

/** What is not as it was made. */
async function faultsOf(host: Host, pod: Attachment): Promise<readonly string[]> {
  try {
    using inside = await host.openNamespace(pod.netns);
    const eth = await inside.link(pod.ifname);
    if (!eth) return ['it is gone'];
    const [port, addresses, routes] = [
      await host.own.link(portOf(pod)),
      await inside.addresses(pod.ifname),
      await inside.routes({ link: pod.ifname }),
    ];
    const faults = [
      ...(eth.up && port?.up ? [] : ['it is down']),
      ...(eth.mac === macOf(pod) ? [] : [`its MAC is ${eth.mac}`]),
      ...(eth.mtu === MTU ? [] : [`its MTU is ${eth.mtu}`]),
    ];
    for (const { address, subnet } of addressClaims(pod.claims)) {
      if (!addresses.some(({ cidr }) => cidr === address)) faults.push(`${address} is gone`);
      if (!routes.some(({ dst }) => dst === subnet)) faults.push(`the route to ${subnet} is gone`);
    }
    return faults;
  } catch (error) {
    if (hostErrors.namespaceGone.is(error)) return ['its namespace is gone'];
    throw error;
  }
}
