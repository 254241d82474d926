import { count, definePlugin } from '@hawser/core';
import { Host, Ipam, NetworkMode } from '@hawser/core/contracts';
import { addressClaims, type Attachment, checkInside, macOfText } from '@hawser/core/network';
import * as z from 'zod';

/** The node's end. Its name follows from the books alone, so that a later process finds the same link. */
const portOf = (pod: Attachment): string => `ptp${pod.id.slice(-12)}`;

/** An address with the prefix that only it has: `10.77.0.2/24` and `10.77.0.2` become `10.77.0.2/32`. */
const alone = (address: string): string => address.replace(/\/.*/, '') + (address.includes(':') ? '/128' : '/32');

/** IPv6 waits on no link of ours for somebody who might have the same address. */
const atOnce = (link: string) => ({ [`net.ipv6.conf.${link.replaceAll('.', '/')}.accept_dad`]: '0' });

const FORWARDING = { 'net.ipv4.ip_forward': '1', 'net.ipv6.conf.all.forwarding': '1' };

// #region mode
export default definePlugin({
  provides: NetworkMode,
  id: 'ptp',
  stability: 'beta',
  enabled: 'configured',
  summary: 'Gives each pod a veth pair of its own and routes its addresses to it.',
  config: z.strictObject({ mtu: count({ min: 1280, max: 65_535 }).default(1500).describe('MTU of both ends') }),
  requires: { host: Host, ipam: Ipam.byId('range') },
  start: ({ config: { mtu }, host, ipam }) => ({
    claims: (request) => [ipam.claim(request)],

    async attach(pod, signal) {
      signal.throwIfAborted();
      const [port, eth] = [portOf(pod), { name: pod.ifname, mac: macOfText(pod.id) }];
      const left = await host.own.retireLink(port); // half made by an agent that died
      await left.settled;
      using inside = await host.openNamespace(pod.netns);
      await host.own.createVeth({ name: port, mtu, peer: { ...eth, namespace: inside } });
      const ips = addressClaims(pod.claims).map(({ address, gateway }) => ({ address: alone(address), gateway, interface: 0 }));
      const routes = ips.flatMap(({ gateway }) => [
        { dst: alone(gateway), scope: 'link' as const, beside: true }, // the pod may have other interfaces
        { dst: gateway.includes(':') ? '::/0' : '0.0.0.0/0', gateway, beside: true },
      ]);
      const addresses = ips.map(({ address }) => ({ cidr: address, nodad: true }));
      await inside.configureLink(pod.ifname, { sysctls: atOnce(pod.ifname), addresses, up: true, routes });
      const gateways = ips.map(({ gateway }) => ({ cidr: alone(gateway), nodad: true }));
      const toPod = ips.map(({ address }) => ({ dst: address, scope: 'link' as const }));
      await host.own.configureLink(port, { sysctls: { ...FORWARDING, ...atOnce(port) }, addresses: gateways, up: true, routes: toPod });
      const interfaces = [{ ...eth, mtu, sandbox: pod.netns }];
      return { interfaces, ips, routes: routes.map(({ dst, gateway: gw }) => ({ dst, ...(gw && { gw }) })) };
    },

    check: (pod) => checkInside(host, pod),
    detach: (pod) => host.own.retireLink(portOf(pod)),
  }),
});
// #endregion mode
