/**
 * The port to the kernel. Modes reach links, addresses, routes, rules, neighbours, namespaces, sysctls and packet
 * filtering through it alone, so that each runs unchanged on the simulated host. Both implementations are held to
 * `describeHostContract` of @hawser/core/testing.
 *
 * Everything that waits takes a signal. Errors: `host.not_found` (link, address, route, rule, neighbour), `host.namespace_gone`,
 * `host.already_exists`, `host.busy`, `host.permission_denied`, `host.not_supported`, `host.invalid` (what the
 * kernel refuses, with its extended ACK text), `host.kernel` (any other errno). `details.errno` has the errno's name.
 */
import type { Token } from '../plugin/token.ts';
import { defineToken } from '../plugin/token.ts';

/** What a machine may lack. */
export type HostFeature = 'ipv6' | 'veth' | 'bridge' | 'nftables' | 'macvlan' | 'policy_routing' | 'raw_ping';

/** 4: IPv4, 6: IPv6. */
export type Family = 4 | 6;

/** Identity of a network namespace whatever its paths: device and inode of its nsfs file. */
export interface NamespaceId {
  readonly device: string;
  readonly inode: string;
}

/** A link as the kernel has it. */
export interface Link {
  readonly index: number;
  readonly name: string;
  /** Lower case, colon-separated; empty for links without one. */
  readonly mac: string;
  readonly mtu: number;
  /** `veth`, `bridge`, `macvlan`, `loopback`, `device` (a plain NIC), or the kernel's own word. */
  readonly kind: string;
  /** Administratively up. */
  readonly up: boolean;
  /** Operationally up. */
  readonly running: boolean;
  readonly promiscuous: boolean;
  /** Index of the bridge it is a port of. */
  readonly master?: number;
  /** Index of the peer or lower link, in `peerNamespace` when that is another one. */
  readonly peer?: number;
  readonly alias?: string;
  readonly group: number;
  /** Of a bridge port. */
  readonly hairpin?: boolean;
}

/** What of a link may be set; what is left out stays. */
export interface LinkSettings {
  readonly name?: string;
  readonly mac?: string;
  readonly mtu?: number;
  readonly up?: boolean;
  readonly promiscuous?: boolean;
  /** Up to 255 bytes that `ip link` shows; ours say what a link belongs to. */
  readonly alias?: string;
  /** Name of a bridge in the same namespace, or null to leave it. */
  readonly master?: string | null;
  /** Bridge ports only. */
  readonly hairpin?: boolean;
}

/** A pair of links, of which what goes into one comes out of the other. */
export interface VethSpec {
  /** This namespace's end. */
  readonly name: string;
  readonly mac?: string;
  readonly mtu?: number;
  readonly alias?: string;
  readonly master?: string;
  readonly hairpin?: boolean;
  /** Up at once. */
  readonly up?: boolean;
  /**
   * `false`: IPv6 is switched off on this end before it comes up. A port passes on what its bridge carries all the same, and needs
   * no address of its own, which costs the kernel more with each port there is.
   */
  readonly ipv6?: false;
  /** Made directly in the other namespace, with its name, MAC and MTU (the same as this end's). */
  readonly peer: { readonly namespace: Namespace; readonly name: string; readonly mac?: string; readonly up?: boolean };
}

/** A bridge to be made. */
export interface BridgeSpec {
  readonly name: string;
  /** Pinned; a random locally administered one unless told. */
  readonly mac?: string;
  readonly mtu?: number;
  readonly up?: boolean;
  readonly promiscuous?: boolean;
}

/** CIDR notation, canonical: `10.88.0.5/16`, `fd00:88::5/64`. */
export interface Address {
  readonly link: string;
  readonly cidr: string;
  /** No duplicate address detection (IPv6). */
  readonly nodad?: boolean;
}

/** One route of a table. */
export interface Route {
  /** Canonical CIDR; `0.0.0.0/0` and `::/0` for defaults. */
  readonly dst: string;
  readonly gateway?: string;
  readonly link?: string;
  readonly source?: string;
  readonly priority?: number;
  /** 254 (main) unless told. */
  readonly table?: number;
  readonly scope?: 'global' | 'link' | 'host';
  readonly mtu?: number;
  readonly advmss?: number;
  /** The gateway is on the link even when no address says so. */
  readonly onlink?: boolean;
  /** Reject instead of forward. */
  readonly type?: 'unicast' | 'unreachable' | 'blackhole';
  /**
   * To be set beside those with the same destination, priority and table, which stay, instead of in place of one: the newest of
   * IPv4 is taken, those of IPv6 by turns. Never told of a route that is there.
   */
  readonly beside?: boolean;
}

/** One rule that chooses a table. */
export interface Rule {
  readonly family: Family;
  readonly priority: number;
  readonly from?: string;
  readonly to?: string;
  readonly mark?: number;
  readonly mask?: number;
  readonly table: number;
}

/** One entry that maps an address to a MAC. */
export interface Neighbour {
  readonly link: string;
  readonly address: string;
  readonly mac: string;
  /** `permanent` for those that we set. */
  readonly state: 'permanent' | 'other';
}

/** What a link is to have before it is used; what is left out stays. */
export interface LinkConfiguration {
  /** By name, as `setSysctl` has them; one that the kernel lacks is passed over. */
  readonly sysctls?: Readonly<Record<string, string>>;
  readonly addresses?: readonly Omit<Address, 'link'>[];
  readonly up?: true;
  /** By this link. */
  readonly routes?: readonly Omit<Route, 'link'>[];
  readonly neighbours?: readonly Pick<Neighbour, 'address' | 'mac'>[];
}

/** A change that the kernel tells of. */
export type HostEvent =
  | { readonly type: 'link'; readonly change: 'set' | 'removed'; readonly link: Link }
  | { readonly type: 'address'; readonly change: 'set' | 'removed'; readonly address: Address }
  /** The kernel dropped notifications: look again at everything. */
  | { readonly type: 'overrun' };

/**
 * One network namespace, held open. Closing it releases the handle, not the namespace; a namespace lives on while a
 * path, a process or a handle has it. Calls on a closed handle: `host.namespace_gone`; closing again is harmless.
 */
export interface Namespace extends Disposable {
  readonly id: NamespaceId;
  /** The path that it was opened by; absent for the agent's own. */
  readonly path?: string;

  links(): Promise<readonly Link[]>;
  link(name: string): Promise<Link | undefined>;
  /** Whether the link runs, as `link` has it, for who asks for that alone and often. Undefined where there is no such link. */
  isRunning(name: string): Promise<boolean | undefined>;
  /**
   * A number that stays the same only while the link of this name, its settings, its addresses and the namespace's
   * forwarding (`net.ipv4.ip_forward`, `net.ipv6.conf.all.forwarding`) are as they were, whoever changes them: what was
   * looked at after it was asked for need not be looked at again. Cheap, for what is asked often. What a link does
   * by itself (carrier) and what happens to others leaves it alone; it may change without need. An address of IPv6 that it
   * gains shows when the kernel has done with looking for duplicates, all else at once. Undefined where there is no
   * such link. Only numbers of one handle say anything about each other.
   */
  revision(link: string): Promise<number | undefined>;
  /** `host.already_exists` when either name is taken; then nothing was made. */
  createVeth(spec: VethSpec): Promise<void>;
  createBridge(spec: BridgeSpec): Promise<void>;
  setLink(name: string, settings: LinkSettings): Promise<void>;
  /**
   * Everything that a link needs before it is used, together: sysctls, addresses of IPv4, up, addresses of IPv6,
   * routes, neighbours, in this order and each as the method of its own has it. Can be repeated. A link that isn't
   * there: `host.not_found`, and nothing is done. Of several failures the first in this order is thrown; what comes after
   * it may be done all the same.
   */
  configureLink(name: string, configuration: LinkConfiguration): Promise<void>;
  /** Deletes and waits for the kernel to be done with it. Deleting what isn't there: `host.not_found`. */
  deleteLink(name: string): Promise<void>;
  /**
   * Silences a link at once (it carries no packet any more when this resolves) and deletes it in the background,
   * together with others that are retired meanwhile: the kernel's wait for RCU is paid once for all. `settled`
   * resolves when it is gone and rejects when it could not be deleted. A link that isn't there is settled already, and so is
   * one that `only` says no to, which is left alone.
   */
  retireLink(name: string, only?: (link: Link) => boolean): Promise<{ readonly settled: Promise<void> }>;

  addresses(link?: string): Promise<readonly Address[]>;
  /**
   * Adding what is there already is harmless. Taking a link down takes its IPv6 addresses along (not those of IPv4)
   * and all its routes and neighbours; coming up again brings back the routes to subnets of IPv4 only.
   */
  addAddress(address: Address): Promise<void>;
  deleteAddress(address: Address): Promise<void>;
  /** Of all tables but the kernel's local one (255), which has to be asked for. */
  routes(filter?: { readonly family?: Family; readonly table?: number; readonly link?: string }): Promise<readonly Route[]>;
  /**
   * Adds, or replaces the route with the same destination, priority and table, unless it is to be `beside` it. A gateway
   * that no link reaches is refused: `host.unreachable` or `host.invalid`.
   */
  replaceRoute(route: Route): Promise<void>;
  deleteRoute(route: Route): Promise<void>;
  rules(family?: Family): Promise<readonly Rule[]>;
  addRule(rule: Rule): Promise<void>;
  deleteRule(rule: Rule): Promise<void>;
  neighbours(link?: string): Promise<readonly Neighbour[]>;
  /** Sets a permanent neighbour. */
  setNeighbour(neighbour: Pick<Neighbour, 'link' | 'address' | 'mac'>): Promise<void>;
  deleteNeighbour(neighbour: Pick<Neighbour, 'link' | 'address'>): Promise<void>;

  /**
   * `net.ipv4.ip_forward` style names, `/` for a dot inside a link's name; undefined where the kernel lacks it. Others than
   * `net.`: `host.invalid`.
   */
  sysctl(name: string): Promise<string | undefined>;
  setSysctl(name: string, value: string): Promise<void>;

  /**
   * Masquerading of what leaves `subnet` and comes from `source`. One table of ours (`inet hawser`), rules made
   * once, sources are elements of sets; changes that come together are one atomic ruleset.
   */
  masquerade(entries: readonly Masquerade[]): Promise<void>;
  /** Removing what isn't there is harmless. The table goes soon after the last entry. */
  unmasquerade(entries: readonly Masquerade[]): Promise<void>;
  masquerades(): Promise<readonly Masquerade[]>;

  /** Notifications from the moment that it resolves; the iterator ends when the signal aborts or its reader leaves. */
  watch(signal: AbortSignal): Promise<AsyncIterableIterator<HostEvent>>;
  /**
   * One ICMP echo; resolves with the round trip, rejects with `host.unreachable` after the time-out or as soon as no
   * route is found, and with the signal's reason when it aborts.
   */
  ping(address: string, options: { readonly timeoutMs: number; readonly signal: AbortSignal }): Promise<{ readonly rttMs: number }>;
}

/** What the container's address is and which subnet it talks to without translation; canonical text. */
export interface Masquerade {
  readonly source: string;
  readonly subnet: string;
}

export interface Host {
  readonly kind: 'linux' | 'simulated';
  supports(feature: HostFeature): boolean;
  /** Why a feature is missing, for doctor and skip reasons. */
  missing(feature: HostFeature): string | undefined;
  /** The namespace that the agent runs in. */
  readonly own: Namespace;
  /** Opens by path; `host.namespace_gone` when nothing is there or it isn't a network namespace. */
  openNamespace(path: string): Promise<Namespace>;
  /** Makes a namespace and binds it to `path` (with lo up); for tests, the tour and experiments. */
  createNamespace(path: string): Promise<void>;
  deleteNamespace(path: string): Promise<void>;
}

export const Host: Token<Host, 'hawser.host.v1'> = defineToken<Host>()('hawser.host.v1');
