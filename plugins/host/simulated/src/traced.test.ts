import type { Tracing } from '@hawser/core';
import { tracedHost } from '@hawser/core/network';
import { describeHostContract, testContext } from '@hawser/core/testing';
import { openSimulatedHost, SimulatedKernel } from './index.ts';

/** Records nothing: the contract is about what a trace must not change. */
const tracing: Tracing = { span: (_name, _fields, work) => work() };

describeHostContract('the simulated kernel, traced', {
  make() {
    const { clock } = testContext();
    const host = openSimulatedHost(new SimulatedKernel({ context: { clock } }));
    let made = 0;
    return {
      host: tracedHost(host, tracing),
      namespacePath: () => `/run/netns/hwt-${made++}`,
      settle: (promise) => clock.runUntil(promise),
      [Symbol.asyncDispose]: async () => host[Symbol.dispose](),
    };
  },
});
