import type { JsonObject } from '@hawser/core';
import type { AttachmentResult } from '@hawser/core/network';
import { expect } from 'vitest';

/*
 * A model of the protocol, made from the specification and not from the code that it judges: what each version knows, how a
 * client of that version reads an answer, how another plugin of a chain would have written one.
 */

/** What each version brought. */
export const VERSIONS = {
  '0.1.0': { lists: false, families: false, more: false, verbs: ['ADD', 'DEL', 'VERSION'] },
  '0.2.0': { lists: false, families: false, more: false, verbs: ['ADD', 'DEL', 'VERSION'] },
  '0.3.0': { lists: true, families: true, more: false, verbs: ['ADD', 'DEL', 'VERSION'] },
  '0.3.1': { lists: true, families: true, more: false, verbs: ['ADD', 'DEL', 'VERSION'] },
  '0.4.0': { lists: true, families: true, more: false, verbs: ['ADD', 'DEL', 'CHECK', 'VERSION'] },
  '1.0.0': { lists: true, families: false, more: false, verbs: ['ADD', 'DEL', 'CHECK', 'VERSION'] },
  '1.1.0': { lists: true, families: false, more: true, verbs: ['ADD', 'DEL', 'CHECK', 'GC', 'STATUS', 'VERSION'] },
} as const;
export type Version = keyof typeof VERSIONS;
export const versions = Object.keys(VERSIONS) as Version[];
export const isVersion = (text: string): text is Version => Object.hasOwn(VERSIONS, text);

export const KNOWN_CODES = [1, 2, 3, 4, 5, 6, 7, 8, 11, 50, 100, 101, 102, 103, 104, 105];

/** What a client of the protocol knows of a result: addresses with what they are on, in order. */
export interface Known {
  readonly interfaces: readonly JsonObject[];
  readonly ips: readonly { readonly address: string; readonly gateway?: string; readonly on?: string }[];
  readonly routes: readonly Route[];
  readonly dns: JsonObject;
}
type Route = JsonObject & { readonly dst: string };

const isV6 = (text: string): boolean => text.includes(':');
const pick = (from: object, keys: readonly string[]): JsonObject =>
  Object.fromEntries(keys.flatMap((key) => (Reflect.get(from, key) === undefined ? [] : [[key, Reflect.get(from, key)]])));

const INTERFACE = { old: ['name', 'mac', 'sandbox'], new: ['name', 'mac', 'mtu', 'sandbox', 'socketPath', 'pciID'] };
const ROUTE = { old: ['dst', 'gw'], new: ['dst', 'gw', 'mtu', 'advmss', 'priority', 'table', 'scope'] };

const place = (made: object | undefined): string | undefined =>
  made && `${String(Reflect.get(made, 'name'))} in ${String(Reflect.get(made, 'sandbox'))}`;

/** What of a result a version can say. */
export function sayable(result: AttachmentResult, version: Version): Known {
  const { lists, more } = VERSIONS[version];
  const shown = result.interfaces.map(({ pciId, ...made }) => ({ ...made, pciID: pciId }));
  const ips = result.ips.map(({ address, gateway, interface: index }) => ({
    address,
    ...pick({ gateway, on: lists && index !== undefined ? place(shown[index]) : undefined }, ['gateway', 'on']),
  }));
  const firsts = [ips.find(({ address }) => !isV6(address)), ips.find(({ address }) => isV6(address))].filter((ip) => ip !== undefined);
  const routes = lists
    ? result.routes
    : [false, true].flatMap((v6) =>
        result.routes.filter(({ dst }) => isV6(dst) === v6 && firsts.some(({ address }) => isV6(address) === v6)),
      );
  return {
    interfaces: lists ? shown.map((made) => pick(made, more ? INTERFACE.new : INTERFACE.old)) : [],
    ips: lists ? ips : firsts,
    routes: routes.map((route) => ({ ...pick(route, more ? ROUTE.new : ROUTE.old), dst: route.dst })),
    dns: { ...result.dns },
  };
}

export interface Wire {
  readonly cniVersion: string;
  readonly interfaces?: readonly JsonObject[];
  readonly ips?: readonly { readonly version?: string; readonly address: string; readonly gateway?: string; readonly interface?: number }[];
  readonly routes?: readonly Route[];
  readonly ip4?: Paired;
  readonly ip6?: Paired;
  readonly dns: JsonObject;
}
interface Paired {
  readonly ip: string;
  readonly gateway?: string;
  readonly routes?: readonly Route[];
}

/** Reads an answer as a strict client of its version does: what it does not know is a fault. */
export function read(answer: Wire, version: Version): Known {
  const { lists, families, more } = VERSIONS[version];
  const only = (value: object, allowed: readonly string[]) => expect(allowed).toEqual(expect.arrayContaining(Object.keys(value)));
  expect(answer.cniVersion).toBe(version);
  only(answer.dns, ['nameservers', 'domain', 'search', 'options']);
  only(answer, lists ? ['cniVersion', 'interfaces', 'ips', 'routes', 'dns'] : ['cniVersion', 'ip4', 'ip6', 'dns']);
  const { interfaces = [], ips = [], routes = [], ip4, ip6, dns } = answer;
  for (const made of interfaces) only(made, more ? INTERFACE.new : INTERFACE.old);
  for (const route of [...routes, ...(ip4?.routes ?? []), ...(ip6?.routes ?? [])]) only(route, more ? ROUTE.new : ROUTE.old);
  if (lists) expect(Object.keys(answer).toSorted()).toEqual(['cniVersion', 'dns', 'interfaces', 'ips', 'routes']);
  for (const ip of ips) {
    only(ip, ['address', 'gateway', 'interface', ...(families ? ['version'] : [])]);
    if (families) expect(ip.version).toBe(isV6(ip.address) ? '6' : '4');
    if (ip.interface !== undefined) expect(interfaces[ip.interface]).toBeDefined();
  }
  const paired = [ip4, ip6].filter((family) => family !== undefined);
  for (const family of paired) only(family, ['ip', 'gateway', 'routes']);
  const listed = ips.map(({ address, gateway, interface: index }) => ({
    address,
    ...pick({ gateway, on: index === undefined ? undefined : place(interfaces[index]) }, ['gateway', 'on']),
  }));
  return {
    interfaces,
    ips: [...listed, ...paired.map(({ ip, gateway }) => ({ address: ip, ...pick({ gateway }, ['gateway']) }))],
    routes: [...routes, ...paired.flatMap((family) => family.routes ?? [])],
    dns,
  };
}

/** As another plugin of a chain, or the runtime's cache, would have written it: Go has null for what is absent, at times. */
export function written(result: AttachmentResult, version: Version, nulls: boolean): JsonObject {
  const { lists, families } = VERSIONS[version];
  const known = sayable(result, version);
  const dns = nulls && Object.keys(known.dns).length === 0 ? null : known.dns;
  const orNull = <T>(list: readonly T[]) => (nulls && list.length === 0 ? null : [...list]);
  if (!lists) {
    const family = (v6: boolean): JsonObject | null => {
      const ip = known.ips.find(({ address }) => isV6(address) === v6);
      const routes = known.routes.filter(({ dst }) => isV6(dst) === v6);
      return ip === undefined ? null : { ip: ip.address, gateway: ip.gateway ?? (nulls ? null : ''), routes: orNull(routes) };
    };
    return { cniVersion: version, ip4: family(false), ip6: family(true), dns };
  }
  const ips = result.ips.map((ip) => ({ ...(families ? { version: isV6(ip.address) ? '6' : '4' } : {}), ...ip }));
  return { cniVersion: version, interfaces: orNull(known.interfaces), ips: orNull(ips), routes: orNull(known.routes), dns };
}

/** Both results in one, in a version: the earlier first, and of what both have the earlier. */
export function chained(earlier: Known, own: Known, version: Version): Known {
  const { lists, more } = VERSIONS[version];
  const once = <T>(items: readonly T[], isSame: (one: T, other: T) => boolean) =>
    items.filter((item, index) => items.findIndex((other) => isSame(item, other)) === index);
  const ips = once([...earlier.ips, ...own.ips], (one, other) => one.address === other.address && one.on === other.on);
  const firsts = [false, true].flatMap((v6family) => ips.filter(({ address }) => isV6(address) === v6family).slice(0, 1));
  const same = ['dst', 'gw', 'table', 'priority'];
  const routes = once([...earlier.routes, ...own.routes], (one, other) => same.every((key) => one[key] === other[key]));
  return {
    interfaces: lists ? [...earlier.interfaces, ...own.interfaces].map((made) => pick(made, more ? INTERFACE.new : INTERFACE.old)) : [],
    ips: lists ? ips : firsts.map(({ address, gateway }) => ({ address, ...pick({ gateway }, ['gateway']) })),
    routes: lists ? routes.map((route) => ({ ...pick(route, more ? ROUTE.new : ROUTE.old), dst: route.dst })) : [],
    dns: Object.keys(own.dns).length === 0 ? earlier.dns : own.dns,
  };
}
