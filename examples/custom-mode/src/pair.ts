// #region mode
import { definePlugin } from '@hawser/core';
import { Host, Ipam, NetworkMode } from '@hawser/core/contracts';
import { addressClaims, checkInside, macOfText } from '@hawser/core/network';

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
      // Whatever a crash has left half made goes first.
      await (
        await host.own.retireLink(`p${pod.id.slice(-14)}`)
      ).settled;
      using inside = await host.openNamespace(pod.netns);
      const eth = { name: pod.ifname, mac: macOfText(pod.id) };
      await host.own.createVeth({ name: `p${pod.id.slice(-14)}`, mtu: 1500, up: true, peer: { ...eth, namespace: inside } });
      const ips = addressClaims(pod.claims).map(({ address }) => ({ address, interface: 0 }));
      await inside.configureLink(pod.ifname, { addresses: ips.map(({ address }) => ({ cidr: address, nodad: true })), up: true });
      return { interfaces: [{ ...eth, mtu: 1500, sandbox: pod.netns }], ips, routes: [] };
    },
    check: (pod) => checkInside(host, pod),
    detach: (pod) => host.own.retireLink(`p${pod.id.slice(-14)}`),
  }),
});
// #endregion mode
