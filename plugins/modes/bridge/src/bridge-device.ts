import {
  type Address,
  formatCidr,
  type Host,
  hostErrors,
  type Link,
  type Namespace,
  networkErrors,
  networkOf,
  overlaps,
  parseCidr,
} from '@hawser/core/network';
import { forward, ignoreAdvertisements, ignoreAdvertisementsOfContainers } from './forwarding.ts';
import { type BridgePlan, bare } from './plan.ts';

/** Plans that are remembered; there are as many as networks and address ranges. */
const MOST_KNOWN = 64;

/** A bridge that was as a plan wants it, and still is while it has this revision. */
interface Known {
  readonly revision: number;
  readonly link: Link;
}

/**
 * The bridges that containers are attached to. Making or repairing one is done by one call at a time; who finds it as
 * it should be waits for nobody. Others may change a bridge at any time: it is looked at again whenever the host says that
 * it may not be any more what it was.
 */
export class BridgeDevices {
  readonly #node: Namespace;
  readonly #repairs = new Map<string, Promise<unknown>>();
  readonly #known = new Map<string, Known>();

  constructor(host: Host) {
    this.#node = host.own;
  }

  /** The bridge, up, with its gateway addresses, on a node that forwards. Can be repeated. */
  async ensure(plan: BridgePlan, signal: AbortSignal): Promise<Link> {
    // Asked for first: what changes while the bridge is looked at is a change since then.
    const revision = await this.#node.revision(plan.name);
    const key = JSON.stringify(plan);
    const known = this.#known.get(key);
    if (known !== undefined && known.revision === revision) return known.link;
    const bridge = (await this.#asWanted(plan)) ?? (await this.#oneAtATime(plan.name, () => this.#repair(plan, signal)));
    signal.throwIfAborted();
    await ignoreAdvertisementsOfContainers(this.#node, bridge);
    // Containers keep it as their gateway's: the kernel would change that of a bridge which others have made with each port.
    if (plan.gateways.length > 0) await this.#node.setLink(plan.name, { mac: bridge.mac });
    for (const family of plan.forwarding) await forward(this.#node, family);
    if (revision !== undefined) this.#remember(key, { revision, link: bridge });
    return bridge;
  }

  #remember(key: string, known: Known): void {
    if (this.#known.size >= MOST_KNOWN) this.#known.clear();
    this.#known.set(key, known);
  }

  async #asWanted(plan: BridgePlan): Promise<Link | undefined> {
    const link = await this.#node.link(plan.name);
    if (!link || bridgeFaults(plan, link).length > 0) return undefined;
    const present = plan.gateways.length === 0 ? [] : await this.#node.addresses(plan.name);
    return missingGateways(plan, present).length === 0 ? link : undefined;
  }

  /** A bridge goes up last: one that is down may lack anything, whoever began it. */
  async #repair(plan: BridgePlan, signal: AbortSignal): Promise<Link> {
    signal.throwIfAborted();
    const wanted = await this.#asWanted(plan);
    if (wanted) return wanted;
    await this.#refuseTakenSubnets(plan);
    let link = (await this.#node.link(plan.name)) ?? (await this.#create(plan));
    if (link.kind !== 'bridge') {
      throw networkErrors.invalidConfig(`the link ${plan.name} is no bridge but a ${link.kind}`, {
        remedy: 'Choose another name for the bridge.',
      });
    }
    if (!link.up) await ignoreAdvertisements(this.#node, plan.name);
    if (bridgeFaults(plan, link).length > 0) {
      await this.#node.setLink(plan.name, { up: true, ...(plan.promiscuous ? { promiscuous: true } : {}) });
      link = (await this.#node.link(plan.name)) ?? link;
    }
    signal.throwIfAborted();
    await this.#addGateways(plan);
    return link;
  }

  /**
   * Somebody else may make it at the same moment: theirs is as good. Its MTU is left to the kernel, which gives it the least of
   * its ports': a bridge with more would send what a container doesn't take, and nobody would be told of what is lost.
   */
  async #create({ name, mac, promiscuous }: BridgePlan): Promise<Link> {
    const spec = { name, promiscuous, ...(mac === undefined ? {} : { mac }) };
    await this.#node.createBridge(spec).catch((error: unknown) => {
      if (!hostErrors.alreadyExists.is(error)) throw error;
    });
    const link = await this.#node.link(name);
    if (!link) throw hostErrors.notFound(`the bridge ${name} was removed by somebody else as soon as it was made`);
    return link;
  }

  /** Of two links with one subnet the node takes one for all of it: containers on the other would not even reach their gateway. */
  async #refuseTakenSubnets({ name, gateways }: BridgePlan): Promise<void> {
    if (gateways.length === 0) return;
    for (const { link, cidr } of await this.#node.addresses()) {
      const gateway = link === name ? undefined : gateways.find((one) => subnetOf(one) === subnetOf(cidr));
      if (gateway !== undefined && (await this.#node.link(link))?.up === true) throw takenSubnet(name, gateway, link, cidr);
    }
  }

  async #addGateways(plan: BridgePlan): Promise<void> {
    const present = await this.#node.addresses(plan.name);
    for (const gateway of missingGateways(plan, present)) {
      for (const { cidr } of present.filter((address) => clashes(address.cidr, gateway))) {
        if (!plan.forceAddress) throw addressClash(plan.name, cidr, gateway);
        await this.#node.deleteAddress({ link: plan.name, cidr });
      }
      await this.#node.addAddress({ link: plan.name, cidr: gateway, nodad: true });
    }
  }

  #oneAtATime(name: string, repair: () => Promise<Link>): Promise<Link> {
    const turn = (this.#repairs.get(name) ?? Promise.resolve()).then(repair, repair);
    this.#repairs.set(name, turn);
    const done = (): void => {
      if (this.#repairs.get(name) === turn) this.#repairs.delete(name);
    };
    turn.then(done, done);
    return turn;
  }
}

/** What of the link itself is not as planned. */
export function bridgeFaults(plan: BridgePlan, link: Link): readonly string[] {
  return [
    ...(link.kind === 'bridge' ? [] : [`${plan.name} is no bridge but a ${link.kind}`]),
    ...(link.up ? [] : [`bridge ${plan.name} is down`]),
    ...(plan.promiscuous && !link.promiscuous ? [`bridge ${plan.name} is not in promiscuous mode`] : []),
  ];
}

export function missingGateways(plan: BridgePlan, present: readonly Address[]): readonly string[] {
  return plan.gateways.filter((gateway) => !present.some(({ cidr }) => cidr === gateway));
}

/** Whether an address on the bridge stands in the way of a gateway's: same subnet, or one inside of the other. */
function clashes(cidr: string, gateway: string): boolean {
  const [a, b] = [parseCidr(cidr), parseCidr(gateway)];
  return a !== undefined && b !== undefined && overlaps(a, b);
}

function subnetOf(cidr: string): string {
  const parsed = parseCidr(cidr);
  return parsed ? formatCidr(networkOf(parsed)) : cidr;
}

function takenSubnet(bridge: string, gateway: string, link: string, cidr: string): Error {
  const message = `bridge ${bridge} is to have the gateway ${bare(gateway)} of ${subnetOf(gateway)}, but that subnet is on the link ${link} already, by ${cidr}`;
  return networkErrors.invalidConfig(message, {
    remedy: `Name ${link} as the bridge, or take it or its address away when nobody needs it, or give containers another range.`,
  });
}

function addressClash(bridge: string, cidr: string, gateway: string): Error {
  const message = `bridge ${bridge} has the address ${cidr}, but ${bare(gateway)} is to be the gateway of ${subnetOf(gateway)}`;
  return networkErrors.invalidConfig(message, { remedy: 'Take the address off the bridge, or set forceAddress to have it replaced.' });
}
