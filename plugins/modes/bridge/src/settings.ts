import { ifname, type JsonObject } from '@hawser/core';
import {
  type AttachedDns,
  type AttachedRoute,
  type AttachmentRequest,
  canonicalMac,
  formatCidr,
  formatIp,
  isStationMac,
  networkErrors,
  networkOf,
  parseCidr,
  parseIp,
} from '@hawser/core/network';
import * as z from 'zod';
import type { Config } from './config.ts';
import { refuseForeignIpam, refuseUnsupported } from './unsupported.ts';

/** A route that the network's `ipam` asks for; without a gateway it is that of the address's subnet. */
export type StaticRoute = AttachedRoute;

/** What the books keep of one attachment: everything that attach, check and detach need besides its claims. */
export type BridgeSettings = {
  readonly bridge: string;
  readonly isGateway: boolean;
  readonly isDefaultGateway: boolean;
  readonly forceAddress: boolean;
  readonly ipMasq: boolean;
  /** 0: the bridge's. */
  readonly mtu: number;
  readonly hairpinMode: boolean;
  readonly promiscMode: boolean;
  readonly ipam: string;
  readonly mac?: string;
  readonly routes: readonly StaticRoute[];
  readonly dns?: AttachedDns;
};

const number = (max: number) => z.int().min(0).max(max);

const Route = z.object({
  dst: z.string(),
  gw: z.string().nullish(),
  mtu: number(65_535).nullish(),
  advmss: number(65_535).nullish(),
  priority: number(4_294_967_295).nullish(),
  table: number(4_294_967_295).nullish(),
  scope: z.union([z.literal(0), z.literal(253), z.literal(254)]).nullish(),
});

const texts = z.array(z.string()).nullish();

/** A CNI network config as far as this mode reads it. Null counts as absent, as it does for the reference plugins. */
const Network = z.object({
  bridge: ifname().nullish(),
  isGateway: z.boolean().nullish(),
  isDefaultGateway: z.boolean().nullish(),
  forceAddress: z.boolean().nullish(),
  ipMasq: z.boolean().nullish(),
  mtu: number(65_535).nullish(),
  hairpinMode: z.boolean().nullish(),
  promiscMode: z.boolean().nullish(),
  mac: z.string().nullish(),
  ipam: z.looseObject({ routes: z.array(Route).nullish() }).nullish(),
  dns: z.object({ nameservers: texts, domain: z.string().nullish(), search: texts, options: texts }).nullish(),
});

type Network = z.output<typeof Network>;

/**
 * The network's own settings over the agent's. Throws `network.invalid_config` and `network.unsupported`.
 * `ipams` are the ids of the agent's address plugins.
 */
export function bridgeSettings(
  request: Pick<AttachmentRequest, 'network' | 'mac'>,
  config: Config,
  ipams: readonly string[],
): BridgeSettings {
  refuseUnsupported(request.network.settings, request.network.capabilities);
  const network = parseNetwork(request.network.settings);
  if (network.ipam) refuseForeignIpam(network.ipam as JsonObject, ipams);
  const hairpinMode = network.hairpinMode ?? (config.hairpin_mode && network.promiscMode !== true);
  const promiscMode = network.promiscMode ?? (config.promisc_mode && network.hairpinMode !== true);
  if (hairpinMode && promiscMode) throw networkErrors.invalidConfig('hairpinMode and promiscMode exclude each other, but both are on');
  const isDefaultGateway = network.isDefaultGateway ?? config.is_default_gateway;
  const ipamType = network.ipam?.['type'];
  const mac = chosenMac(request.mac ?? network.mac);
  const dns = chosenDns(network.dns);
  return {
    bridge: network.bridge ?? config.bridge,
    isGateway: isDefaultGateway || (network.isGateway ?? config.is_gateway),
    isDefaultGateway,
    forceAddress: network.forceAddress ?? config.force_address,
    ipMasq: network.ipMasq ?? config.ip_masq,
    mtu: chosenMtu(network.mtu ?? config.mtu),
    hairpinMode,
    promiscMode,
    ipam: typeof ipamType === 'string' && ipamType !== '' ? ipamType : config.ipam,
    ...(mac === undefined ? {} : { mac }),
    routes: (network.ipam?.routes ?? []).map(staticRoute),
    ...(dns === undefined ? {} : { dns }),
  };
}

function parseNetwork(settings: JsonObject): Network {
  const parsed = Network.safeParse(settings);
  if (parsed.success) return parsed.data;
  const faults = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${lowerFirst(message)}`);
  throw networkErrors.invalidConfig(`the network config does not fit the bridge mode: ${faults.join('; ')}`);
}

/** IPv4 needs 68 bytes. */
function chosenMtu(mtu: number): number {
  if (mtu !== 0 && mtu < 68) throw networkErrors.invalidConfig(`mtu ${mtu} is too small: a link needs 68 bytes at least`);
  return mtu;
}

function chosenMac(text: string | null | undefined): string | undefined {
  if (text === null || text === undefined || text === '') return undefined;
  const mac = canonicalMac(text);
  if (mac === undefined)
    throw networkErrors.invalidConfig(`mac ${JSON.stringify(text.slice(0, 40))} is no MAC address such as 0a:58:0a:58:00:05`);
  if (!isStationMac(mac)) throw networkErrors.invalidConfig(`mac ${mac} is not the address of one station`);
  return mac;
}

function staticRoute(route: z.output<typeof Route>, index: number): StaticRoute {
  const key = `ipam.routes.${index}`;
  const dst = parseCidr(route.dst);
  if (!dst) throw networkErrors.invalidConfig(`${key}.dst ${JSON.stringify(route.dst.slice(0, 60))} is no destination such as 10.0.0.0/8`);
  const gw = route.gw ? parseIp(route.gw) : undefined;
  if (route.gw && gw?.family !== dst.family)
    throw networkErrors.invalidConfig(`${key}.gw ${JSON.stringify(route.gw.slice(0, 60))} is no IPv${dst.family} address`);
  const { mtu, advmss, priority, table, scope } = route;
  return {
    dst: formatCidr(networkOf(dst)),
    ...(gw ? { gw: formatIp(gw) } : {}),
    ...(mtu ? { mtu } : {}),
    ...(advmss ? { advmss } : {}),
    ...(priority ? { priority } : {}),
    ...(table ? { table } : {}),
    ...(scope ? { scope } : {}),
  };
}

function chosenDns(dns: Network['dns']): AttachedDns | undefined {
  if (!dns) return undefined;
  const { nameservers, domain, search, options } = dns;
  const chosen: AttachedDns = {
    ...(nameservers?.length ? { nameservers } : {}),
    ...(domain ? { domain } : {}),
    ...(search?.length ? { search } : {}),
    ...(options?.length ? { options } : {}),
  };
  return Object.keys(chosen).length === 0 ? undefined : chosen;
}

const lowerFirst = (text: string): string => text.slice(0, 1).toLowerCase() + text.slice(1);
