import type { JsonObject, JsonValue } from '@hawser/core';
import type { Masquerade } from '@hawser/core/network';

/**
 * Our table, in nft's words:
 *
 * ```
 * table inet hawser {
 *   set sources4 { type ipv4_addr; elements = { 10.88.0.5 } }
 *   set local4   { type ipv4_addr . ipv4_addr; flags interval; elements = { 10.88.0.5 . 10.88.0.0/16 } }
 *   …6 the same for IPv6
 *   chain postrouting { type nat hook postrouting priority srcnat; policy accept;
 *     ip saddr @sources4 ip saddr . ip daddr != @local4 ip daddr != 224.0.0.0/4 masquerade
 *     ip6 saddr @sources6 ip6 saddr . ip6 daddr != @local6 ip6 daddr != ff00::/8 masquerade
 *   }
 * }
 * ```
 *
 * The rules never change with the pods: a packet costs the same with one as with a thousand.
 */
const FAMILIES = [
  { suffix: '4', protocol: 'ip', type: 'ipv4_addr', multicast: { prefix: { addr: '224.0.0.0', len: 4 } } },
  { suffix: '6', protocol: 'ip6', type: 'ipv6_addr', multicast: { prefix: { addr: 'ff00::', len: 8 } } },
] as const;

/** Our chain, and how many rules are in it. */
export const CHAIN = 'postrouting';
export const RULES = FAMILIES.length;
const PRIORITY_SRCNAT = 100;

/** Entries by their text, which is their identity. */
export type Entries = ReadonlyMap<string, Masquerade>;

export const entryKey = ({ source, subnet }: Masquerade): string => `${source} ${subnet}`;

/** Commands for `nft -j -f -`, carried out as one transaction. */
export type Ruleset = readonly JsonObject[];

/** Whatever is there: our table with exactly these entries; none without any. */
export function wholeTable(table: string, entries: Entries): Ruleset {
  const name = { table: { family: 'inet', name: table } };
  // Adding what is there is harmless and deleting what isn't fails: this order makes away with it in any case.
  const gone = [{ add: name }, { delete: name }];
  if (entries.size === 0) return gone;
  return [...gone, { add: name }, ...skeleton(table), ...change(table, new Map(), entries)];
}

/** Elements of one of our sets that come or go. */
export interface ElementChange {
  readonly verb: 'add' | 'delete';
  readonly set: 'sources' | 'local';
  readonly family: '4' | '6';
  readonly entries: readonly Masquerade[];
}

/** From one set of entries to another, in an order that the sets take. */
export function elementChanges(from: Entries, to: Entries): readonly ElementChange[] {
  const added = [...to].filter(([key]) => !from.has(key)).map(([, entry]) => entry);
  const removed = [...from].filter(([key]) => !to.has(key)).map(([, entry]) => entry);
  const [before, after] = [bySource(from), bySource(to)];
  return [
    ...perFamily('add', 'local', added),
    ...perFamily(
      'add',
      'sources',
      [...after].filter(([source]) => !before.has(source)).map(([, entry]) => entry),
    ),
    ...perFamily(
      'delete',
      'sources',
      [...before].filter(([source]) => !after.has(source)).map(([, entry]) => entry),
    ),
    ...perFamily('delete', 'local', removed),
  ];
}

/** The same in nft's words, for a table that has the first. */
export function change(table: string, from: Entries, to: Entries): Ruleset {
  return elementChanges(from, to).map(({ verb, set, family, entries }) => {
    const elem = entries.map((entry) => (set === 'local' ? pairElement(entry) : entry.source));
    return { [verb]: { element: { family: 'inet', table, name: `${set}${family}`, elem } } };
  });
}

/** Our entries in what `nft -j list table` prints. */
export function entriesOf(listing: unknown): Entries {
  const entries = new Map<string, Masquerade>();
  for (const item of arrayOf(fieldOf(listing, 'nftables'))) {
    const set = fieldOf(item, 'set');
    if (!FAMILIES.some(({ suffix }) => fieldOf(set, 'name') === `local${suffix}`)) continue;
    for (const element of arrayOf(fieldOf(set, 'elem'))) {
      const entry = entryOf(element);
      if (entry !== undefined) entries.set(entryKey(entry), entry);
    }
  }
  return entries;
}

function skeleton(table: string): Ruleset {
  const common = { family: 'inet', table };
  const hook = { type: 'nat', hook: 'postrouting', prio: PRIORITY_SRCNAT, policy: 'accept' };
  const sets = FAMILIES.flatMap(({ suffix, type }) => [
    { add: { set: { ...common, name: `sources${suffix}`, type } } },
    { add: { set: { ...common, name: `local${suffix}`, type: [type, type], flags: ['interval'] } } },
  ]);
  const rules = FAMILIES.map((family) => ({ add: { rule: { ...common, chain: CHAIN, expr: ruleOf(family) } } }));
  return [{ add: { chain: { ...common, name: CHAIN, ...hook } } }, ...sets, ...rules];
}

function ruleOf({ suffix, protocol, multicast }: (typeof FAMILIES)[number]): JsonValue {
  const field = (name: string) => ({ payload: { protocol, field: name } });
  return [
    { match: { op: '==', left: field('saddr'), right: `@sources${suffix}` } },
    { match: { op: '!=', left: { concat: [field('saddr'), field('daddr')] }, right: `@local${suffix}` } },
    { match: { op: '!=', left: field('daddr'), right: multicast } },
    { masquerade: null },
  ];
}

const familyOf = (source: string): '4' | '6' => (source.includes(':') ? '6' : '4');

function pairElement({ source, subnet }: Masquerade): JsonValue {
  const slash = subnet.indexOf('/');
  return { concat: [source, { prefix: { addr: subnet.slice(0, slash), len: Number(subnet.slice(slash + 1)) } }] };
}

function perFamily(verb: ElementChange['verb'], set: ElementChange['set'], all: readonly Masquerade[]): readonly ElementChange[] {
  return FAMILIES.flatMap(({ suffix: family }) => {
    const entries = all.filter(({ source }) => familyOf(source) === family);
    return entries.length === 0 ? [] : [{ verb, set, family, entries }];
  });
}

const bySource = (entries: Entries): ReadonlyMap<string, Masquerade> =>
  new Map([...entries.values()].map((entry) => [entry.source, entry]));

function entryOf(element: unknown): Masquerade | undefined {
  const [source, subnet] = arrayOf(fieldOf(element, 'concat'));
  if (typeof source !== 'string') return undefined;
  // A prefix as long as the address is printed as the address alone.
  if (typeof subnet === 'string') return { source, subnet: `${subnet}/${subnet.includes(':') ? 128 : 32}` };
  const prefix = fieldOf(subnet, 'prefix');
  const [address, length] = [fieldOf(prefix, 'addr'), fieldOf(prefix, 'len')];
  return typeof address === 'string' && typeof length === 'number' ? { source, subnet: `${address}/${length}` } : undefined;
}

function fieldOf(value: unknown, key: string): unknown {
  return typeof value === 'object' && value !== null && key in value
    ? Object.entries(value).find(([name]) => name === key)?.[1]
    : undefined;
}

function arrayOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
