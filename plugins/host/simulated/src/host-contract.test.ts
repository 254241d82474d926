import { describeHostContract, testContext } from '@hawser/core/testing';
import { openSimulatedHost, SimulatedKernel } from './index.ts';

describeHostContract('the simulated kernel', {
  make() {
    const { clock } = testContext();
    const kernel = new SimulatedKernel({ context: { clock } });
    const host = openSimulatedHost(kernel);
    let made = 0;
    return {
      host,
      namespacePath: () => `/run/netns/hwt-${made++}`,
      settle: (promise) => clock.runUntil(promise),
      async [Symbol.asyncDispose]() {
        host[Symbol.dispose]();
        const faults = kernel.inconsistencies();
        if (faults.length > 0) throw new Error(`the model broke its laws: ${faults.join('; ')}`);
      },
    };
  },
});
