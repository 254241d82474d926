import {
  type Cidr,
  contains,
  type Family,
  formatCidr,
  formatIp,
  lastIp,
  networkOf,
  overlaps,
  parseCidr,
  parseIp,
} from '@hawser/core/network';

/** Addresses of one subnet that may be handed out: those from first to last but the gateway. */
export interface Range {
  /** The subnet, with first and last where they are not the subnet's own: what messages call it. */
  readonly name: string;
  readonly family: Family;
  readonly subnet: Cidr;
  readonly first: bigint;
  readonly last: bigint;
  readonly gateway: bigint;
  /** How many addresses there are to hand out. */
  readonly total: bigint;
}

export interface RangeFault {
  /** Position in the configured list. */
  readonly index: number;
  readonly message: string;
}

/** Prefixes that no container on a routed network may have, with what they are. */
const RESERVED: readonly (readonly [prefix: Cidr, what: string])[] = (
  [
    ['0.0.0.0/8', 'this network'],
    ['127.0.0.0/8', 'loopback'],
    ['169.254.0.0/16', 'link-local'],
    ['224.0.0.0/3', 'multicast and reserved'],
    ['::/128', 'unspecified'],
    ['::1/128', 'loopback'],
    ['::ffff:0:0/96', 'IPv4-mapped'],
    ['fe80::/10', 'link-local'],
    ['ff00::/8', 'multicast'],
  ] as const
).flatMap(([text, what]) => {
  const prefix = parseCidr(text);
  return prefix ? [[prefix, what] as const] : [];
});

/** A range as a user writes it: its subnet alone, or a table. */
export type RangeConfig =
  | string
  | {
      readonly subnet: string;
      readonly range_start?: string | undefined;
      readonly range_end?: string | undefined;
      readonly gateway?: string | undefined;
    };

/** The configured ranges, and everything that is wrong with them. Faulty ones are left out. */
export function parseRanges(configs: readonly RangeConfig[]): {
  readonly ranges: readonly Range[];
  readonly faults: readonly RangeFault[];
} {
  const ranges: Range[] = [];
  const faults: RangeFault[] = [];
  for (const [index, config] of configs.entries()) {
    const outcome = parseRange(config);
    const message =
      typeof outcome === 'string' ? outcome : ranges.map((other) => clash(outcome, other)).find((found) => found !== undefined);
    if (message !== undefined) faults.push({ index, message });
    else if (typeof outcome !== 'string') ranges.push(outcome);
  }
  return { ranges, faults };
}

/** The range, or what is wrong with it. */
function parseRange(config: RangeConfig): Range | string {
  const table = typeof config === 'string' ? { subnet: config } : config;
  const subnet = parseCidr(table.subnet);
  if (!subnet) return `'${table.subnet}' is no range such as 10.88.0.0/16 or fd00:88::/64`;
  const wrong = subnetFault(subnet);
  if (wrong !== undefined) return wrong;

  const bounds = hostBounds(subnet);
  const first = addressIn(subnet, bounds, 'range_start', table.range_start) ?? bounds.first;
  const last = addressIn(subnet, bounds, 'range_end', table.range_end) ?? bounds.last;
  const gateway = addressIn(subnet, bounds, 'gateway', table.gateway) ?? bounds.first;
  for (const outcome of [first, last, gateway]) if (typeof outcome === 'string') return outcome;
  if (typeof first === 'string' || typeof last === 'string' || typeof gateway === 'string') return '';
  return toRange(subnet, bounds, { first, last, gateway });
}

function toRange(subnet: Cidr, bounds: Bounds, { first, last, gateway }: Bounds & { readonly gateway: bigint }): Range | string {
  const text = (value: bigint): string => formatIp({ family: subnet.family, value });
  if (first > last) return `range_start ${text(first)} lies after range_end ${text(last)}`;
  const total = last - first + 1n - (first <= gateway && gateway <= last ? 1n : 0n);
  if (total < 1n) return `the range of ${formatCidr(subnet)} has no address besides its gateway ${text(gateway)}`;
  const whole = first === bounds.first && last === bounds.last;
  const name = whole ? formatCidr(subnet) : `${formatCidr(subnet)} (${text(first)} to ${text(last)})`;
  return { name, family: subnet.family, subnet, first, last, gateway, total };
}

function subnetFault(subnet: Cidr): string | undefined {
  const network = networkOf(subnet);
  const text = formatCidr(subnet);
  if (network.value !== subnet.value) return `${text} has host bits set; write ${formatCidr(network)}`;
  const reserved = RESERVED.find(([prefix]) => overlaps(prefix, subnet));
  if (reserved) return `${text} overlaps with ${formatCidr(reserved[0])}, which is ${reserved[1]}`;
  const longest = subnet.family === 4 ? 30 : 126;
  if (subnet.length > longest) return `${text} has no room for a gateway and a container; the longest prefix is /${longest}`;
  return undefined;
}

interface Bounds {
  readonly first: bigint;
  readonly last: bigint;
}

/** Without the network address, which IPv6 keeps for any router, and without IPv4's broadcast address. */
function hostBounds(subnet: Cidr): Bounds {
  return { first: subnet.value + 1n, last: lastIp(subnet).value - (subnet.family === 4 ? 1n : 0n) };
}

/** The address, undefined where none is told, or what is wrong with it. */
function addressIn(subnet: Cidr, bounds: Bounds, key: string, text: string | undefined): bigint | string | undefined {
  if (text === undefined) return undefined;
  const ip = parseIp(text);
  if (!ip || !contains(subnet, ip)) return `${key} ${text} lies outside of ${formatCidr(subnet)}`;
  if (ip.value < bounds.first) return `${key} ${text} is the network address of ${formatCidr(subnet)}`;
  if (ip.value > bounds.last) return `${key} ${text} is the broadcast address of ${formatCidr(subnet)}`;
  return ip.value;
}

/** What keeps two ranges from standing side by side. One subnet may be cut into ranges that don't overlap. */
function clash(range: Range, other: Range): string | undefined {
  if (!overlaps(range.subnet, other.subnet)) return undefined;
  if (range.subnet.length !== other.subnet.length) return `${formatCidr(range.subnet)} overlaps with ${formatCidr(other.subnet)}`;
  if (range.first <= other.last && other.first <= range.last) {
    return range.name === other.name ? `${range.name} is there twice` : `${range.name} overlaps with ${other.name}`;
  }
  if (range.gateway !== other.gateway) return `two ranges of ${formatCidr(range.subnet)} have different gateways`;
  return undefined;
}
