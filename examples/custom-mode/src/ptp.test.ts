import { systemContext } from '@hawser/core';
import { Host, Ipam } from '@hawser/core/contracts';
import type { ClaimRequest, NetworkMode } from '@hawser/core/network';
import { describeModeContract, describePluginContract, fakePlugin, startCore, testContext } from '@hawser/core/testing';
import { openSimulatedHost, SimulatedKernel } from '@hawser/host-simulated';
import { parseRanges, RangeIpam } from '@hawser/ipam-range';
import { pino } from 'pino';
import ptp from './ptp.ts';

const { ranges } = parseRanges(['10.77.0.0/24', 'fd00:77::/64']);
const newKernel = () => new SimulatedKernel({ context: testContext() });
const noAddresses: Ipam = { claim: () => ({ type: 'address', take: () => [] }), subnets: () => [] };

describePluginContract(ptp, {
  requires: () => [fakePlugin(Host, 'simulated', openSimulatedHost(newKernel())), fakePlugin(Ipam, 'range', noAddresses)],
});

describeModeContract('ptp on the simulated kernel', {
  damages: [
    { name: 'the pair is gone', inflict: ({ host, attachment }) => host.own.deleteLink(`ptp${attachment.id.slice(-12)}`) },
    {
      name: 'an address is gone',
      inflict: ({ namespace, attachment }) => namespace.deleteAddress({ link: 'eth0', cidr: attachment.result?.ips[0]?.address ?? '' }),
    },
  ],
  async make() {
    const context = testContext();
    const kernel = newKernel();
    const host = openSimulatedHost(kernel);
    const core = await startCore({ context: systemContext });
    const ipam = new RangeIpam({ ...core, ranges, cooldownMs: 30_000, clock: systemContext.clock });
    void ipam.follow(AbortSignal.any([]));
    await ipam.ready;
    let made = 0;
    return {
      host,
      namespacePath: () => `/run/netns/hwt-${made++}`,
      start: (front) => start(front, ipam),
      reserve: (claims: readonly ClaimRequest[], holder) =>
        core.metadata.write('state', (tx) => {
          const lease = core.leases.create(tx, { expiresInMs: 60_000 }).id;
          return claims.flatMap((claim) => claim.take(tx, { holder, lease }));
        }),
      settle: (promise) => context.clock.runUntil(promise),
      async [Symbol.asyncDispose]() {
        host[Symbol.dispose]();
        await core[Symbol.asyncDispose]();
      },
    };
  },
});

function start(host: Host, ipam: Ipam): NetworkMode | Promise<NetworkMode> {
  const nothing = { uri: 'hawser.mode.v1.ptp', config: {}, signal: AbortSignal.any([]), status: { pending() {}, degraded() {}, ok() {} } };
  const scope = { use: <T>(resource: T) => resource, defer() {}, spawn() {} };
  const skip = (reason: string) => ({ skipped: reason });
  return ptp.start({
    ...systemContext,
    ...nothing,
    onReconfigure() {},
    scope,
    skip,
    log: pino({ level: 'silent' }),
    host,
    ipam,
  }) as NetworkMode;
}
