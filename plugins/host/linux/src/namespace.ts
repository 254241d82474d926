import {
  type Address,
  hostErrors,
  type Link,
  type LinkConfiguration,
  type LinkSettings,
  type Masquerade,
  type Namespace,
  type NamespaceId,
} from '@hawser/core/network';
import type { BridgeSpec, Family, HostEvent, Neighbour, Route, Rule, VethSpec } from '@hawser/core/network';
import { addAddress, addresses, deleteAddress } from './addresses.ts';
import { configureLink } from './configure-link.ts';
import { ping } from './icmp/ping.ts';
import { createBridge, createVeth, deleteLink, retireLink, setLink } from './links.ts';
import { getLink, listLinks } from './read-links.ts';
import { deleteNeighbour, neighbours, setNeighbour } from './neighbours.ts';
import type { Kernel, OpenNetns } from './open-netns.ts';
import { deleteRoute, replaceRoute, routes } from './routes.ts';
import { addRule, deleteRule, rules } from './rules.ts';
import { readSysctl, writeSysctl } from './sysctl.ts';
import { watch } from './watch.ts';

/** One handle of a network namespace. */
export class LinuxNamespace implements Namespace {
  readonly id: NamespaceId;
  readonly path?: string;
  readonly #kernel: Kernel;
  #shared: OpenNetns | undefined;

  constructor(kernel: Kernel, shared: OpenNetns, path?: string) {
    this.id = shared.id;
    if (path !== undefined) this.path = path;
    this.#kernel = kernel;
    this.#shared = shared;
  }

  [Symbol.dispose](): void {
    this.#shared?.release();
    this.#shared = undefined;
  }

  /** File descriptor for messages of other namespaces that name this one. */
  get fd(): number {
    return this.#open.netns.fd;
  }

  async links(): Promise<readonly Link[]> {
    return listLinks(this.#open);
  }

  async link(name: string): Promise<Link | undefined> {
    return getLink(this.#open, name);
  }

  async isRunning(name: string): Promise<boolean | undefined> {
    return this.#open.links.isRunning(name);
  }

  async revision(link: string): Promise<number | undefined> {
    return this.#open.revisions.of(link);
  }

  async createVeth(spec: VethSpec): Promise<void> {
    const { namespace } = spec.peer;
    if (!(namespace instanceof LinuxNamespace))
      throw hostErrors.invalid('the other end of a pair has to be in a namespace of the same host');
    await this.#during((near) => namespace.#during((far) => createVeth(near, spec, far)));
  }

  async createBridge(spec: BridgeSpec): Promise<void> {
    await createBridge(this.#open, spec, this.#kernel.context.random);
  }

  async setLink(name: string, settings: LinkSettings): Promise<void> {
    setLink(this.#open, name, settings);
  }

  async configureLink(name: string, configuration: LinkConfiguration): Promise<void> {
    await this.#during((open) => configureLink(open, name, configuration));
  }

  async deleteLink(name: string): Promise<void> {
    await deleteLink(this.#open, name);
  }

  async retireLink(name: string, only?: (link: Link) => boolean): Promise<{ readonly settled: Promise<void> }> {
    return retireLink(this.#open, name, only);
  }

  async addresses(link?: string): Promise<readonly Address[]> {
    return addresses(this.#open, link);
  }

  async addAddress(address: Address): Promise<void> {
    addAddress(this.#open, address);
  }

  async deleteAddress(address: Address): Promise<void> {
    deleteAddress(this.#open, address);
  }

  async routes(filter: { readonly family?: Family; readonly table?: number; readonly link?: string } = {}): Promise<readonly Route[]> {
    return routes(this.#open, filter);
  }

  async replaceRoute(route: Route): Promise<void> {
    replaceRoute(this.#open, route);
  }

  async deleteRoute(route: Route): Promise<void> {
    deleteRoute(this.#open, route);
  }

  async rules(family?: Family): Promise<readonly Rule[]> {
    return rules(this.#open, family);
  }

  async addRule(rule: Rule): Promise<void> {
    addRule(this.#open, rule);
  }

  async deleteRule(rule: Rule): Promise<void> {
    deleteRule(this.#open, rule);
  }

  async neighbours(link?: string): Promise<readonly Neighbour[]> {
    return neighbours(this.#open, link);
  }

  async setNeighbour(neighbour: Pick<Neighbour, 'link' | 'address' | 'mac'>): Promise<void> {
    setNeighbour(this.#open, neighbour);
  }

  async deleteNeighbour(neighbour: Pick<Neighbour, 'link' | 'address'>): Promise<void> {
    deleteNeighbour(this.#open, neighbour);
  }

  async sysctl(name: string): Promise<string | undefined> {
    return readSysctl(this.#open.netns, name);
  }

  async setSysctl(name: string, value: string): Promise<void> {
    writeSysctl(this.#open.netns, name, value);
  }

  async masquerade(entries: readonly Masquerade[]): Promise<void> {
    await this.#open.masquerading.apply(entries, []);
  }

  async unmasquerade(entries: readonly Masquerade[]): Promise<void> {
    await this.#open.masquerading.apply([], entries);
  }

  async masquerades(): Promise<readonly Masquerade[]> {
    return [...(await this.#open.masquerading.list()).values()];
  }

  async watch(signal: AbortSignal): Promise<AsyncIterableIterator<HostEvent>> {
    const shared = this.#open;
    const onEnd = shared.retain();
    try {
      return watch(
        { libc: this.#kernel.libc, netns: shared.netns, space: shared, capacity: this.#kernel.settings.watchCapacity, onEnd },
        signal,
      );
    } catch (error) {
      onEnd();
      throw error;
    }
  }

  async ping(address: string, options: { readonly timeoutMs: number; readonly signal: AbortSignal }): Promise<{ readonly rttMs: number }> {
    const { libc, context } = this.#kernel;
    return ping(address, { libc, context, netns: this.#open.netns, ...options });
  }

  /** For what lets go of the event loop: descriptors and sockets of a space that is closed meanwhile may be another's by then. */
  async #during(work: (open: OpenNetns) => Promise<void>): Promise<void> {
    const open = this.#open;
    const release = open.retain();
    try {
      await work(open);
    } finally {
      release();
    }
  }

  get #open(): OpenNetns {
    if (this.#shared === undefined) throw hostErrors.namespaceGone('this handle of a network namespace is closed');
    return this.#shared;
  }
}
