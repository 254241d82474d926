import type { Clock, HawserError, Providers } from '@hawser/core';
import {
  type Attachment,
  attachmentErrors,
  type AttachmentRequest,
  type AttachmentResult,
  type ClaimRequest,
  type Host,
  type Ipam,
  type Link,
  type NetworkChoice,
  networkErrors,
  type NetworkMode,
} from '@hawser/core/network';
import { BridgeDevices } from './bridge-device.ts';
import { checkAttachment } from './check.ts';
import type { Config } from './config.ts';
import { masqueradesOf, type Plan, planOf, resultRoutes } from './plan.ts';
import { configurePod, createPort, portForwards, retirePort } from './port.ts';
import { type BridgeSettings, bridgeSettings } from './settings.ts';

export interface BridgeModeOptions {
  readonly config: Config;
  readonly host: Host;
  readonly ipams: Providers<Ipam>;
  readonly clock: Pick<Clock, 'sleep'>;
}

/** Why containers get no addresses. */
export const noAddresses = (ipam: string, ipams: Providers<Ipam>): HawserError =>
  attachmentErrors.notReady(`the address plugin '${ipam}' ${ipams.whyNot(ipam)}`, {
    remedy: `Name one that is on in \`ipam\`, or give it a table in the config; on: ${ipams.ids().join(', ') || 'none'}.`,
  });

/** Attaches containers to a Linux bridge by veth pairs. */
export class BridgeMode implements NetworkMode<BridgeSettings> {
  readonly #options: BridgeModeOptions;
  readonly #bridges: BridgeDevices;
  #config: Config;

  constructor(options: BridgeModeOptions) {
    this.#options = options;
    this.#config = options.config;
    this.#bridges = new BridgeDevices(options.host);
  }

  /** Other defaults for attachments from now on; those that are there keep what they were made with. */
  reconfigure(config: Config): void {
    this.#config = config;
  }

  /** A network whose settings are at fault gets no container either. */
  ready({ name, settings = {} }: NetworkChoice): void {
    const { ipams } = this.#options;
    const { ipam } = bridgeSettings({ network: { name, settings, capabilities: {} } }, this.#config, ipams.ids());
    const chosen = ipams.get(ipam);
    if (chosen === undefined) throw noAddresses(ipam, ipams);
    chosen.ready?.();
  }

  settings(request: AttachmentRequest): BridgeSettings {
    return bridgeSettings(request, this.#config, this.#options.ipams.ids());
  }

  claims(request: AttachmentRequest, { ipam }: BridgeSettings): readonly ClaimRequest[] {
    const { ipams } = this.#options;
    const chosen = ipams.get(ipam);
    if (!chosen) throw noAddresses(ipam, ipams);
    return [chosen.claim(request)];
  }

  /**
   * Bridge, pair, container, translation, in this order: each step is found and undone by the names that the plan
   * gives to what it makes, so that it may end after any of them.
   */
  async attach(attachment: Attachment<BridgeSettings>, signal: AbortSignal): Promise<AttachmentResult> {
    const { host } = this.#options;
    const plan = planOf(attachment);
    signal.throwIfAborted();
    using pod = await host.openNamespace(attachment.netns);
    const bridge = await this.#bridges.ensure(plan.bridge, signal);
    const mtu = podMtu(plan, bridge);
    signal.throwIfAborted();
    await createPort(host.own, pod, plan, mtu);
    signal.throwIfAborted();
    await configurePod(pod, plan.pod, bridge.mac);
    signal.throwIfAborted();
    if (plan.masquerades.length > 0) await host.own.masquerade(plan.masquerades);
    await portForwards(host.own, plan.port.name, this.#options.clock, signal);
    return resultOf(attachment, plan, bridge, mtu);
  }

  check(attachment: Attachment<BridgeSettings>, signal: AbortSignal): Promise<void> {
    return checkAttachment(this.#options.host, attachment, signal);
  }

  /** By the host's side: the namespace may be gone, and its path somebody else's. It is asked only where the port has another name. */
  async detach(attachment: Attachment<BridgeSettings>, signal: AbortSignal): Promise<{ readonly settled: Promise<void> }> {
    signal.throwIfAborted();
    const { host } = this.#options;
    const node = host.own;
    const retired = await retirePort(host, attachment);
    // A translation of an address that nobody has harms nobody, and nobody gets the address before all is settled.
    const masquerades = masqueradesOf(attachment);
    const settled = masquerades.length === 0 ? retired.settled : settledTogether([retired.settled, node.unmasquerade(masquerades)]);
    // Who has given up meanwhile does not read it, and asks for a new one.
    settled.catch(() => {});
    return { settled };
  }
}

/** RFC 8200, section 5. The kernel has no IPv6 on links of less, and says of an address for one only that it is invalid. */
const LEAST_IPV6_MTU = 1_280;

function podMtu(plan: Plan, bridge: Link): number {
  const mtu = plan.bridge.mtu === 0 ? bridge.mtu : plan.bridge.mtu;
  if (mtu < LEAST_IPV6_MTU && plan.pod.addresses.some(({ family }) => family === 6))
    throw networkErrors.invalidConfig(`mtu ${mtu} is too small for IPv6: it needs ${LEAST_IPV6_MTU} bytes at least`);
  return mtu;
}

/** Waits for all even when one fails: a repetition must not begin beside what is still under way. */
async function settledTogether(work: readonly Promise<void>[]): Promise<void> {
  const failures = (await Promise.allSettled(work)).flatMap((outcome): readonly unknown[] =>
    outcome.status === 'rejected' ? [outcome.reason] : [],
  );
  if (failures.length === 1) throw failures[0];
  if (failures.length > 1) throw new AggregateError(failures, 'neither the link nor its translation could be taken away');
}

function resultOf(attachment: Attachment<BridgeSettings>, { bridge, port, pod }: Plan, device: Link, mtu: number): AttachmentResult {
  const { dns } = attachment.settings;
  return {
    interfaces: [
      { name: bridge.name, mac: device.mac },
      { name: port.name, mac: port.mac, mtu },
      { name: pod.ifname, mac: pod.mac, mtu, sandbox: attachment.netns },
    ],
    ips: pod.addresses.map(({ cidr, gateway }) => ({ address: cidr, gateway, interface: 2 })),
    routes: resultRoutes(pod.routes),
    ...(dns ? { dns } : {}),
  };
}
