// #region mode
import { definePlugin } from '@hawser/core';
import { Host, Ipam, NetworkMode } from '@hawser/core/contracts';
import { addressClaims, checkInside, macOfText } from '@hawser/core/network';

const portOf = ({ id }: { readonly id: string }): string => `pair${id.slice(-11)}`;

export default definePlugin({
  provides: NetworkMode,
  id: 'pair',
  enabled: 'configured',
  summary: 'Gives each pod a veth pair of its own.',
  requires: { host: Host, ipam: Ipam.byId('range') },
  start: ({ host, ipam }) => ({
    claims: (request) => [ipam.claim(request)],
    async attach(pod, signal) {
      signal.throwIfAborted();
      const left = await host.own.retireLink(portOf(pod)); // half made by an agent that died
      await left.settled;
      using inside = await host.openNamespace(pod.netns);
      const eth = { name: pod.ifname, mac: macOfText(pod.id) };
      await host.own.createVeth({ name: portOf(pod), mtu: 1500, up: true, peer: { ...eth, namespace: inside } });
      const ips = addressClaims(pod.claims).map(({ address }) => ({ address, interface: 0 }));
      await inside.configureLink(pod.ifname, { addresses: ips.map(({ address }) => ({ cidr: address, nodad: true })), up: true });
      return { interfaces: [{ ...eth, mtu: 1500, sandbox: pod.netns }], ips, routes: [] };
    },
    check: (pod) => checkInside(host, pod),
    detach: (pod) => host.own.retireLink(portOf(pod)),
  }),
});
// #endregion mode
