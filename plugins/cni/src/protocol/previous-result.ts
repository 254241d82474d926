import type { AttachedDns, AttachedIp, AttachedRoute, AttachmentResult } from '@hawser/core/network';
import * as z from 'zod';
import { CniCode } from './cni-error.ts';
import { isObject, parseWith } from './network-config.ts';
import { type CniVersion, isAtLeast, isSupported } from './versions.ts';

/** Go writes an absent list or text as null at times. */
const list = <T extends z.ZodType>(item: T) =>
  z
    .array(item)
    .nullish()
    .transform((items) => items ?? []);
const text = () =>
  z
    .string()
    .nullish()
    .transform((value) => (value === null || value === '' ? undefined : value));
const count = () =>
  z
    .int()
    .nonnegative()
    .nullish()
    .transform((value) => value ?? undefined);

const Dns = z.looseObject({ nameservers: list(z.string()), domain: text(), search: list(z.string()), options: list(z.string()) }).nullish();

const Route = z.looseObject({
  dst: z.string(),
  gw: text(),
  mtu: count(),
  advmss: count(),
  priority: count(),
  table: count(),
  scope: count(),
});

/** 0.3.0 and later. */
const Listed = z.looseObject({
  interfaces: list(z.looseObject({ name: z.string(), mac: text(), mtu: count(), sandbox: text(), socketPath: text(), pciID: text() })),
  ips: list(z.looseObject({ address: z.string(), gateway: text(), interface: z.int().nullish() })),
  routes: list(Route),
  dns: Dns,
});

/** 0.1.0 and 0.2.0. */
const PerFamily = z
  .looseObject({ ip: z.string(), gateway: text(), routes: list(z.looseObject({ dst: z.string(), gw: text() })) })
  .nullish();
const Paired = z.looseObject({ ip4: PerFamily, ip6: PerFamily, dns: Dns });

/** Reads a result of any version; one that does not name its version has the config's. */
export function decodePreviousResult(value: unknown, configVersion: CniVersion): AttachmentResult {
  const named = isObject(value) ? value['cniVersion'] : undefined;
  const version = typeof named === 'string' && isSupported(named) ? named : configVersion;
  return isAtLeast(version, '0.3.0') ? decodeListed(value) : decodePaired(value);
}

function decodeListed(value: unknown): AttachmentResult {
  const result = parseWith(Listed, value, CniCode.config, 'prevResult');
  return {
    interfaces: result.interfaces.map(({ name, mac, mtu, sandbox, socketPath, pciID }) => ({
      name,
      mac: mac ?? '',
      ...compact({ mtu, sandbox, socketPath, pciId: pciID }),
    })),
    ips: result.ips.map(({ address, gateway, interface: index }) => ({ address, ...compact({ gateway, interface: index ?? undefined }) })),
    routes: result.routes.map(({ dst, gw, mtu, advmss, priority, table, scope }) => ({
      dst,
      ...compact({ gw, mtu, advmss, priority, table, scope }),
    })),
    ...decodeDns(result.dns),
  };
}

function decodePaired(value: unknown): AttachmentResult {
  const result = parseWith(Paired, value, CniCode.config, 'prevResult');
  const families = [result.ip4, result.ip6].filter((family) => family !== null && family !== undefined);
  return {
    interfaces: [],
    ips: families.map(({ ip, gateway }): AttachedIp => ({ address: ip, ...compact({ gateway }) })),
    routes: families.flatMap(({ routes }) => routes.map(({ dst, gw }): AttachedRoute => ({ dst, ...compact({ gw }) }))),
    ...decodeDns(result.dns),
  };
}

function decodeDns(dns: z.output<typeof Dns>): { readonly dns?: AttachedDns } {
  if (dns === null || dns === undefined) return {};
  const { nameservers, domain, search, options } = dns;
  const lists = Object.fromEntries(Object.entries({ nameservers, search, options }).filter(([, items]) => items.length > 0));
  const decoded: AttachedDns = { ...lists, ...compact({ domain }) };
  return Object.keys(decoded).length === 0 ? {} : { dns: decoded };
}

type Present<T> = { [K in keyof T]?: Exclude<T[K], undefined> };

/** Without the keys that have no value. */
export function compact<T extends object>(values: T): Present<T> {
  return Object.fromEntries(Object.entries(values).filter(([, value]) => value !== undefined)) as Present<T>;
}
