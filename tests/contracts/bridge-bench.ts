import { type Providers, systemContext } from '@hawser/core';
import type { Ipam } from '@hawser/core/contracts';
import type { Attachment, AttachmentRequest, AttachmentResult, NetworkMode } from '@hawser/core/network';
import { testContext } from '@hawser/core/testing';
import { openSimulatedHost, type SimulatedHost, SimulatedKernel } from '@hawser/host-simulated';
import { BridgeConfig, BridgeMode } from '@hawser/mode-bridge';

const signal = new AbortController().signal;

/** Gives no address: the bench claims for its attachments itself. */
export const ipam: Ipam = { claim: () => ({ type: 'address', take: () => [] }), subnets: () => [] };
const ipams: Providers<Ipam> = {
  get: () => ipam,
  ids: () => ['range'],
  whyNot: () => '',
  [Symbol.iterator]: () => [['range', ipam] as const][Symbol.iterator](),
};

/** The bridge mode on a model of a kernel, and attachments with addresses of both families for it. */
export class BridgeBench {
  readonly kernel = new SimulatedKernel({ context: { clock: testContext().clock } });
  readonly host: SimulatedHost = openSimulatedHost(this.kernel);
  #made = 0;

  mode(): NetworkMode {
    return new BridgeMode({ config: BridgeConfig.parse({}), host: this.host, ipams, clock: systemContext.clock });
  }

  /** An attachment in a new namespace that is still to be attached. */
  async prepare(settings: AttachmentRequest['network']['settings'], families: readonly (4 | 6)[] = [4, 6]): Promise<Attachment> {
    const number = ++this.#made + 1;
    const [containerId, netns] = [`c${number}`, `/run/netns/hwt-${number}`];
    await this.host.createNamespace(netns);
    const network = { name: 'n', settings, capabilities: {} };
    const request: AttachmentRequest = { containerId, ifname: 'eth0', netns, network, staticIps: [] };
    const address = (key: string, length: number, subnet: string, gateway: string) => ({
      type: 'address',
      key,
      data: { address: `${key}/${length}`, subnet, gateway },
    });
    const all = {
      4: address(`10.88.0.${number}`, 24, '10.88.0.0/24', '10.88.0.1'),
      6: address(`fd00:88::${number}`, 64, 'fd00:88::/64', 'fd00:88::1'),
    };
    return {
      id: testContext({ seed: number }).random.id(),
      containerId,
      ifname: 'eth0',
      netns,
      network: 'n',
      mode: 'bridge',
      settings: (await this.mode().settings?.(request, signal)) ?? {},
      claims: families.map((family) => all[family]),
    };
  }

  async attach(
    settings: AttachmentRequest['network']['settings'],
    families?: readonly (4 | 6)[],
  ): Promise<{ readonly attachment: Attachment; readonly result: AttachmentResult }> {
    const attachment = await this.prepare(settings, families);
    return { attachment, result: await this.mode().attach(attachment, signal) };
  }
}
