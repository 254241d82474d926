import type {
  Address,
  BridgeSpec,
  Family,
  HostEvent,
  HostFeature,
  Link,
  LinkConfiguration,
  LinkSettings,
  Masquerade,
  Namespace,
  NamespaceId,
  Neighbour,
  Route,
  Rule,
  VethSpec,
} from '@hawser/core/network';
import { configureLinkByParts, hostErrors } from '@hawser/core/network';
import { addAddress, deleteAddress, listAddresses, settleIpv6 } from './model/addresses.ts';
import { parsePrefix } from './model/ip.ts';
import { createBridge, createVeth, deleteLink, renderLink, retire, setLink } from './model/links.ts';
import { addMasquerades, removeMasquerades } from './model/masquerades.ts';
import { deleteNeighbour, listNeighbours, setNeighbour } from './model/neighbours.ts';
import { refuse } from './model/refusal.ts';
import { deleteRoute, listRoutes, replaceRoute, type RouteFilter } from './model/routes.ts';
import { addRule, deleteRule, listRules } from './model/rules.ts';
import { deviceNamed, type Net, runs } from './model/state.ts';
import { readSysctl, writeSysctl } from './model/sysctls.ts';
import type { Operation } from './operations.ts';
import type { Retirement } from './retirement.ts';
import type { SimulatedKernel } from './simulated-kernel.ts';

/** How a namespace's calls reach the kernel. */
export interface Agent {
  readonly kernel: SimulatedKernel;
  readonly retirement: Retirement;
  /** Runs one call with the kernel's disturbances; never settles once the agent has been severed. */
  call<T>(operation: Operation, effect: () => T): Promise<T>;
  /** Aborts when the agent has been severed. */
  readonly life: AbortSignal;
}

/** One handle to a namespace of the model. */
export class SimulatedNamespace implements Namespace {
  readonly id: NamespaceId;
  readonly path?: string;
  private readonly net: Net;
  private readonly agent: Agent;
  private readonly closed = new AbortController();
  private readonly onClose: (handle: SimulatedNamespace) => void;

  constructor(net: Net, path: string | undefined, agent: Agent, onClose: (handle: SimulatedNamespace) => void) {
    this.net = net;
    this.id = net.id;
    if (path !== undefined) this.path = path;
    this.agent = agent;
    this.onClose = onClose;
    if (path !== undefined) net.handles++;
  }

  links(): Promise<readonly Link[]> {
    return this.read('links', () => [...this.net.devices.values()].map(renderLink));
  }

  link(name: string): Promise<Link | undefined> {
    return this.read('link', () => {
      const device = deviceNamed(this.net, name);
      return device === undefined ? undefined : renderLink(device);
    });
  }

  isRunning(name: string): Promise<boolean | undefined> {
    return this.read('isRunning', () => {
      const device = deviceNamed(this.net, name);
      return device === undefined ? undefined : runs(device);
    });
  }

  revision(link: string): Promise<number | undefined> {
    return this.read('revision', () => this.agent.kernel.revisions.of(this.net, link));
  }

  createVeth(spec: VethSpec): Promise<void> {
    return this.change('createVeth', () => createVeth(this.net, this.modelOf(spec.peer.namespace), spec, this.surroundings), 'veth');
  }

  createBridge(spec: BridgeSpec): Promise<void> {
    return this.change('createBridge', () => createBridge(this.net, spec, this.surroundings), 'bridge');
  }

  setLink(name: string, settings: LinkSettings): Promise<void> {
    return this.change('setLink', () => setLink(this.net, name, settings, this.surroundings));
  }

  /** Each part is a call of its own to the model, so that it can be delayed, refused and died in. */
  configureLink(name: string, configuration: LinkConfiguration): Promise<void> {
    return configureLinkByParts(this, name, configuration);
  }

  deleteLink(name: string): Promise<void> {
    return this.change('deleteLink', () => deleteLink(this.net, name, this.surroundings));
  }

  retireLink(name: string, only?: (link: Link) => boolean): Promise<{ readonly settled: Promise<void> }> {
    return this.change('retireLink', () => {
      const device = deviceNamed(this.net, name);
      if (device === undefined || only?.(renderLink(device)) === false) return { settled: Promise.resolve() };
      if (device.kind !== 'veth' && device.kind !== 'bridge') refuse('EOPNOTSUPP', `link '${name}' can't be deleted`);
      retire(device);
      return { settled: this.agent.retirement.add(device) };
    });
  }

  addresses(link?: string): Promise<readonly Address[]> {
    return this.read('addresses', () => listAddresses(this.net, link));
  }

  addAddress(address: Address): Promise<void> {
    return this.change('addAddress', () => {
      if (parsePrefix(address.cidr).family === 6) this.needs('ipv6');
      addAddress(this.net, address, this.surroundings);
    });
  }

  deleteAddress(address: Address): Promise<void> {
    return this.change('deleteAddress', () => deleteAddress(this.net, address));
  }

  routes(filter?: RouteFilter): Promise<readonly Route[]> {
    return this.read('routes', () => listRoutes(this.net, filter));
  }

  replaceRoute(route: Route): Promise<void> {
    return this.change('replaceRoute', () => replaceRoute(this.net, route));
  }

  deleteRoute(route: Route): Promise<void> {
    return this.change('deleteRoute', () => deleteRoute(this.net, route));
  }

  rules(family?: Family): Promise<readonly Rule[]> {
    return this.read('rules', () => listRules(this.net, family));
  }

  addRule(rule: Rule): Promise<void> {
    return this.change('addRule', () => addRule(this.net, rule), 'policy_routing');
  }

  deleteRule(rule: Rule): Promise<void> {
    return this.change('deleteRule', () => deleteRule(this.net, rule), 'policy_routing');
  }

  neighbours(link?: string): Promise<readonly Neighbour[]> {
    return this.read('neighbours', () => listNeighbours(this.net, link));
  }

  setNeighbour(neighbour: Pick<Neighbour, 'link' | 'address' | 'mac'>): Promise<void> {
    return this.change('setNeighbour', () => setNeighbour(this.net, neighbour));
  }

  deleteNeighbour(neighbour: Pick<Neighbour, 'link' | 'address'>): Promise<void> {
    return this.change('deleteNeighbour', () => deleteNeighbour(this.net, neighbour));
  }

  sysctl(name: string): Promise<string | undefined> {
    return this.read('sysctl', () => readSysctl(this.net, name));
  }

  setSysctl(name: string, value: string): Promise<void> {
    return this.change('setSysctl', () => {
      const { key, devices } = writeSysctl(this.net, name, value);
      if (key === 'disable_ipv6' || key === 'accept_dad') for (const device of devices) settleIpv6(device, this.surroundings);
    });
  }

  masquerade(entries: readonly Masquerade[]): Promise<void> {
    return this.change('masquerade', () => addMasquerades(this.net, entries), 'nftables');
  }

  unmasquerade(entries: readonly Masquerade[]): Promise<void> {
    return this.change('unmasquerade', () => removeMasquerades(this.net, entries), 'nftables');
  }

  masquerades(): Promise<readonly Masquerade[]> {
    return this.read('masquerades', () => [...this.net.masquerades.values()]);
  }

  watch(signal: AbortSignal): Promise<AsyncIterableIterator<HostEvent>> {
    const ends = AbortSignal.any([signal, this.closed.signal, this.agent.life]);
    return this.read('watch', () => this.agent.kernel.notifications.watch(this.net, ends));
  }

  async ping(address: string, options: { readonly timeoutMs: number; readonly signal: AbortSignal }): Promise<{ readonly rttMs: number }> {
    options.signal.throwIfAborted();
    const { kernel } = this.agent;
    const trace = await this.read('ping', () => kernel.traceFrom(this.net, address), 'raw_ping');
    options.signal.throwIfAborted();
    if (trace.reached) return { rttMs: kernel.roundTrip() };
    if (trace.refused !== true) await kernel.clock.sleep(options.timeoutMs, options.signal);
    throw hostErrors.unreachable(`${address} does not answer: ${trace.reason ?? 'no answer'}`, { details: { address } });
  }

  /** Closes the handle; the agent's own namespace stays open. */
  [Symbol.dispose](): void {
    if (this.path === undefined || this.closed.signal.aborted) return;
    this.closed.abort();
    this.net.handles--;
    this.onClose(this);
    this.agent.kernel.release(this.net);
  }

  /** The model behind a handle of any host on the same kernel. */
  static modelOf(handle: Namespace, kernel: SimulatedKernel): Net {
    if (!(handle instanceof SimulatedNamespace) || handle.agent.kernel !== kernel)
      return refuse('EINVAL', 'the namespace is of another host');
    handle.mustBeOpen();
    return handle.net;
  }

  private get surroundings(): SimulatedKernel['surroundings'] {
    return this.agent.kernel.surroundings;
  }

  private modelOf(handle: Namespace): Net {
    return SimulatedNamespace.modelOf(handle, this.agent.kernel);
  }

  private needs(feature: HostFeature): void {
    const reason = this.agent.kernel.missing[feature];
    if (reason !== undefined) refuse('EOPNOTSUPP', reason);
  }

  private mustBeOpen(): void {
    if (this.closed.signal.aborted || !this.net.alive)
      throw hostErrors.namespaceGone(`the handle to namespace ${this.path ?? 'of the agent'} is closed`);
  }

  private read<T>(operation: Operation, look: () => T, feature?: HostFeature): Promise<T> {
    return this.agent.call(operation, () => {
      this.mustBeOpen();
      if (feature !== undefined) this.needs(feature);
      return look();
    });
  }

  private change<T>(operation: Operation, effect: () => T, feature?: HostFeature): Promise<T> {
    return this.agent.call(operation, () => {
      this.mustBeOpen();
      if (feature !== undefined) this.needs(feature);
      const result = effect();
      this.agent.kernel.notifications.publish();
      return result;
    });
  }
}
