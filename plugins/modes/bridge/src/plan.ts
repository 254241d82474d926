import {
  type AddressClaimData,
  addressClaims,
  type Attachment,
  type AttachedRoute,
  canonicalIp,
  type Family,
  macOfIp,
  macOfText,
  type Masquerade,
  networkErrors,
  parseCidr,
  parseIp,
  type Route,
} from '@hawser/core/network';
import type { BridgeSettings, StaticRoute } from './settings.ts';

/** What an attachment is on the host: a function of what the books hold of it, the same whenever it is asked for. */
export interface Plan {
  readonly bridge: BridgePlan;
  readonly port: PortPlan;
  readonly pod: PodPlan;
  readonly masquerades: readonly Masquerade[];
}

/** The bridge, which attachments share. */
export interface BridgePlan {
  readonly name: string;
  /** Pinned when it is made; the host's choice where the bridge has no address. */
  readonly mac?: string;
  readonly mtu: number;
  readonly promiscuous: boolean;
  /** Gateway addresses with the subnet's prefix length; none where the bridge is no gateway. */
  readonly gateways: readonly string[];
  readonly forceAddress: boolean;
  /** Families that the node forwards. */
  readonly forwarding: readonly Family[];
}

/** The host's end of the pair. */
export interface PortPlan {
  readonly name: string;
  readonly mac: string;
  readonly alias: string;
  readonly hairpin: boolean;
}

/** The container's end. */
export interface PodPlan {
  readonly ifname: string;
  readonly mac: string;
  readonly addresses: readonly { readonly cidr: string; readonly family: Family; readonly gateway: string }[];
  readonly routes: readonly Route[];
  /** Addresses that the bridge's MAC answers for. */
  readonly neighbours: readonly string[];
}

const DEFAULT_ROUTE = { 4: '0.0.0.0/0', 6: '::/0' } as const;

export function planOf(attachment: Attachment<BridgeSettings>): Plan {
  const { settings } = attachment;
  const addresses = addressClaims(attachment.claims);
  const families = addresses.map(({ address }) => familyOf(address));
  const gateways = settings.isGateway ? addresses.map(gatewayCidr) : [];
  const mac = gatewayMac(gateways);
  return {
    bridge: {
      name: settings.bridge,
      ...(mac === undefined ? {} : { mac }),
      mtu: settings.mtu,
      promiscuous: settings.promiscMode,
      gateways,
      forceAddress: settings.forceAddress,
      forwarding: settings.isGateway ? families : [],
    },
    port: portOf(attachment),
    pod: {
      ifname: attachment.ifname,
      mac: settings.mac ?? podMac(attachment.id, addresses),
      addresses: addresses.map(({ address, gateway }) => ({ cidr: address, family: familyOf(address), gateway })),
      routes: podRoutes(attachment.ifname, settings, addresses),
      neighbours: settings.isGateway ? addresses.map(({ gateway }) => gateway) : [],
    },
    masquerades: masqueradesOf(attachment),
  };
}

/** The host's end by the attachment alone, as `detach` needs it. */
export function portOf({ id, containerId, ifname, settings }: Attachment<BridgeSettings>): PortPlan {
  return {
    // 55 random bits of the id; `veth…` is what network daemons leave alone.
    name: `veth${id.slice(-11)}`,
    mac: macOfText(`hawser port ${id}`),
    // The kernel holds 255 bytes.
    alias: `hawser:${containerId.slice(0, 200)}/${ifname}`,
    hairpin: settings.hairpinMode,
  };
}

export function masqueradesOf({ settings, claims }: Attachment<BridgeSettings>): readonly Masquerade[] {
  if (!settings.ipMasq) return [];
  return addressClaims(claims).map(({ address, subnet }) => ({ source: bare(address), subnet }));
}

function podRoutes(ifname: string, settings: BridgeSettings, addresses: readonly AddressClaimData[]): readonly Route[] {
  const gateways = new Map(addresses.map(({ address, gateway }) => [familyOf(address), gateway]));
  const asked = settings.routes.map((route) => hostRoute(ifname, route, gateways));
  if (!settings.isDefaultGateway) return asked;
  const defaults = Array.from(gateways, ([family, gateway]): Route => ({ dst: DEFAULT_ROUTE[family], gateway, link: ifname }));
  return [
    ...defaults.filter(
      (route) => !asked.some((other) => other.dst === route.dst && other.table === undefined && other.priority === undefined),
    ),
    ...asked,
  ];
}

function hostRoute(
  ifname: string,
  { dst, gw, mtu, advmss, priority, table, scope }: StaticRoute,
  gateways: ReadonlyMap<Family, string>,
): Route {
  const family = familyOf(dst);
  const gateway = gw ?? gateways.get(family);
  if (gateway === undefined)
    throw networkErrors.invalidConfig(`ipam.routes: ${dst} has no gateway, and the interface has no IPv${family} address`);
  return {
    dst,
    // A destination on the link itself has no gateway.
    ...(scope === 253 && gw === undefined ? {} : { gateway }),
    link: ifname,
    ...(mtu === undefined ? {} : { mtu }),
    ...(advmss === undefined ? {} : { advmss }),
    ...(priority === undefined ? {} : { priority }),
    ...(table === undefined ? {} : { table }),
    ...(scope === undefined ? {} : { scope: scope === 254 ? 'host' : scope === 253 ? 'link' : 'global' }),
  };
}

/** Routes as results tell them. */
export function resultRoutes(routes: readonly Route[]): readonly AttachedRoute[] {
  return routes.map(({ dst, gateway, mtu, advmss, priority, table, scope }) => ({
    dst,
    ...(gateway === undefined ? {} : { gw: gateway }),
    ...(mtu === undefined ? {} : { mtu }),
    ...(advmss === undefined ? {} : { advmss }),
    ...(priority === undefined ? {} : { priority }),
    ...(table === undefined ? {} : { table }),
    ...(scope === undefined ? {} : { scope: scope === 'host' ? 254 : scope === 'link' ? 253 : 0 }),
  }));
}

/** One MAC for one gateway address, so that a bridge that was made anew is found by the containers' static neighbours. */
function gatewayMac(gateways: readonly string[]): string | undefined {
  const ip = parseIp(bare(gateways[0] ?? ''));
  return ip && macOfIp(ip);
}

function podMac(id: string, addresses: readonly AddressClaimData[]): string {
  const ip = parseIp(bare(addresses[0]?.address ?? ''));
  return ip ? macOfIp(ip) : macOfText(`hawser pod ${id}`);
}

const gatewayCidr = ({ address, gateway }: AddressClaimData): string => `${gateway}${address.slice(address.indexOf('/'))}`;

/** The address of a CIDR, canonical. */
export const bare = (cidr: string): string => canonicalIp(cidr.split('/')[0] ?? '') ?? '';

const familyOf = (cidr: string): Family => parseCidr(cidr)?.family ?? 4;
