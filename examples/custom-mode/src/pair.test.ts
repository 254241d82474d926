// #region test
import { Host, Ipam } from '@hawser/core/contracts';
import { describeModeContract, describePluginContract, fakePlugin, modeFixture, testContext } from '@hawser/core/testing';
import { openSimulatedHost, SimulatedKernel } from '@hawser/host-simulated';
import range from '@hawser/ipam-range';
import pair from './pair.ts';

const newHost = (context = testContext()) => openSimulatedHost(new SimulatedKernel({ context }));
const noAddresses: Ipam = { claim: () => ({ type: 'address', take: () => [] }), subnets: () => [] };

describePluginContract(pair, {
  requires: () => [fakePlugin(Host, 'simulated', newHost()), fakePlugin(Ipam, 'range', noAddresses)],
});

describeModeContract('pair on the simulated kernel', {
  make() {
    const context = testContext();
    return modeFixture(pair, {
      host: newHost(context),
      plugins: [range],
      settings: { 'hawser.ipam.v1.range': { ranges: ['10.77.0.0/24', 'fd00:77::/64'] } },
      settle: (promise) => context.clock.runUntil(promise), // the model's time is held, and goes on for this call
    });
  },
});
// #endregion test
