import { definePlugin } from '@hawser/core';
import { Host, NetworkMode } from '@hawser/core/contracts';
import { type Attachment, checkInside, hostErrors, macOfText, type Namespace } from '@hawser/core/network';
import { describeModeContract, modeFixture, testContext } from '@hawser/core/testing';
import { openSimulatedHost, SimulatedKernel } from '@hawser/host-simulated';

/** Until it has its alias, by which it is known from then on, whatever others do to it. */
const nameOf = ({ id }: Attachment): string => `dev${id.slice(-12)}`;

async function remains(inside: Namespace, pod: Attachment): Promise<readonly string[]> {
  return (await inside.links()).filter(({ name, alias }) => name === nameOf(pod) || alias === pod.id).map(({ name }) => name);
}

/** A mode as those are that hand out a device and nothing else: nothing of it is on the node, and it gives no address. */
const device = definePlugin({
  provides: NetworkMode,
  id: 'device',
  summary: 'Makes a device in the container.',
  requires: { host: Host },
  start: ({ host }) => ({
    claims: () => [],
    async attach(pod, signal) {
      signal.throwIfAborted();
      const mac = macOfText(pod.id);
      using inside = await host.openNamespace(pod.netns);
      for (const name of await remains(inside, pod)) await inside.deleteLink(name); // half made by an agent that died
      await inside.createBridge({ name: nameOf(pod), mac });
      await inside.setLink(nameOf(pod), { alias: pod.id });
      await inside.setLink(nameOf(pod), { name: pod.ifname });
      await inside.setLink(pod.ifname, { up: true });
      return { interfaces: [{ name: pod.ifname, mac, mtu: 1500, sandbox: pod.netns }], ips: [], routes: [] };
    },
    check: (pod) => checkInside(host, pod),
    async detach(pod) {
      try {
        using inside = await host.openNamespace(pod.netns);
        for (const name of await remains(inside, pod)) await inside.deleteLink(name);
      } catch (error) {
        if (!hostErrors.namespaceGone.is(error)) throw error;
      }
    },
  }),
});

describeModeContract('a mode without addresses, and without anything on the node', {
  make() {
    const context = testContext();
    const host = openSimulatedHost(new SimulatedKernel({ context }));
    return modeFixture(device, { host, settle: (promise) => context.clock.runUntil(promise) });
  },
});
