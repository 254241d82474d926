import type { JsonObject } from '@hawser/core';
import type { AttachedDns, AttachedInterface, AttachedIp, AttachedRoute, AttachmentResult } from '@hawser/core/network';
import { CniCode, CniError } from './cni-error.ts';
import { compact } from './previous-result.ts';
import { type CniVersion, isAtLeast, NEWEST_VERSION, SUPPORTED_VERSIONS } from './versions.ts';

/**
 * A result in the client's version.
 *
 * | version | addresses | interfaces | routes |
 * |---|---|---|---|
 * | 0.1.0, 0.2.0 | the first of each family under `ip4`, `ip6` | – | with their family |
 * | 0.3.0 … 0.4.0 | a list with `version` "4" or "6" | name, mac, sandbox | dst, gw |
 * | 1.0.0 | a list | name, mac, sandbox | dst, gw |
 * | 1.1.0 | a list | also mtu, socketPath, pciID | also mtu, advmss, priority, table, scope |
 *
 * `dns` is always there. Throws where the version can't say it: 0.1.0 and 0.2.0 without any address.
 */
export function encodeResult(result: AttachmentResult, version: CniVersion): JsonObject {
  if (!isAtLeast(version, '0.3.0')) return encodePaired(result, version);
  const newest = isAtLeast(version, '1.1.0');
  const versioned = !isAtLeast(version, '1.0.0');
  return {
    cniVersion: version,
    interfaces: result.interfaces.map((made) => encodeInterface(made, newest)),
    ips: result.ips.map((ip) => ({ ...(versioned ? { version: familyOf(ip.address) } : {}), ...encodeIp(ip) })),
    routes: result.routes.map((route) => encodeRoute(route, newest)),
    dns: encodeDns(result.dns),
  };
}

export function encodeVersions(version: CniVersion = NEWEST_VERSION): JsonObject {
  return { cniVersion: version, supportedVersions: [...SUPPORTED_VERSIONS] };
}

function encodePaired(result: AttachmentResult, version: CniVersion): JsonObject {
  const pair = (family: '4' | '6'): JsonObject | undefined => {
    const ip = result.ips.find(({ address }) => familyOf(address) === family);
    if (ip === undefined) return undefined;
    const routes = result.routes.filter(({ dst }) => familyOf(dst) === family).map((route) => encodeRoute(route, false));
    return { ip: ip.address, ...compact({ gateway: ip.gateway }), ...(routes.length === 0 ? {} : { routes }) };
  };
  const families = compact({ ip4: pair('4'), ip6: pair('6') });
  if (Object.keys(families).length === 0)
    throw new CniError(
      CniCode.incompatibleVersion,
      `a result without an address cannot be told in cniVersion ${version}; use 0.3.0 or later`,
    );
  return { cniVersion: version, ...families, dns: encodeDns(result.dns) };
}

function encodeInterface({ name, mac, mtu, sandbox, socketPath, pciId }: AttachedInterface, newest: boolean): JsonObject {
  const named = { name, ...(mac === '' ? {} : { mac }) };
  return newest ? { ...named, ...compact({ mtu, sandbox, socketPath, pciID: pciId }) } : { ...named, ...compact({ sandbox }) };
}

const encodeIp = ({ address, gateway, interface: index }: AttachedIp): JsonObject => ({
  address,
  ...compact({ gateway, interface: index }),
});

function encodeRoute({ dst, gw, mtu, advmss, priority, table, scope }: AttachedRoute, newest: boolean): JsonObject {
  return { dst, ...compact(newest ? { gw, mtu, advmss, priority, table, scope } : { gw }) };
}

const encodeDns = (dns: AttachedDns | undefined): JsonObject => (dns === undefined ? {} : { ...compact(dns) });

const familyOf = (address: string): '4' | '6' => (address.includes(':') ? '6' : '4');
