import { Host, Ipam } from '@hawser/core/contracts';
import { describeModeContract, describePluginContract, fakePlugin, modeFixture, testContext } from '@hawser/core/testing';
import { openSimulatedHost, SimulatedKernel } from '@hawser/host-simulated';
import range from '@hawser/ipam-range';
import { expect } from 'vitest';
import ptp from './ptp.ts';

const noAddresses: Ipam = { claim: () => ({ type: 'address', take: () => [] }), subnets: () => [] };

describePluginContract(ptp, {
  requires: () => [
    fakePlugin(Host, 'simulated', openSimulatedHost(new SimulatedKernel({ context: testContext() }))),
    fakePlugin(Ipam, 'range', noAddresses),
  ],
});

describeModeContract('ptp on the simulated kernel', {
  async make() {
    const { clock } = testContext();
    const kernel = new SimulatedKernel({ context: { clock } });
    const fixture = await modeFixture(ptp, {
      host: openSimulatedHost(kernel),
      plugins: [range],
      settings: { 'hawser.ipam.v1.range': { ranges: ['10.77.0.0/24', 'fd00:77::/64'] }, 'hawser.mode.v1.ptp': { mtu: 1400 } },
      settle: (promise) => clock.runUntil(promise),
    });
    return {
      ...fixture,
      async [Symbol.asyncDispose]() {
        expect(kernel.inconsistencies()).toEqual([]);
        await fixture[Symbol.asyncDispose]();
      },
    };
  },
  damages: [
    { name: 'the pair is gone', inflict: ({ host, attachment }) => host.own.deleteLink(`ptp${attachment.id.slice(-12)}`) },
    {
      name: 'the way to the gateway is gone',
      inflict: ({ namespace }) => namespace.deleteRoute({ dst: 'fd00:77::1/128', link: 'eth0' }),
    },
  ],
});
