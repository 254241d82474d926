import { contains, type Family, formatCidr, formatIp, type Ip, ipamErrors, lastIp, parseCidr, parseIp } from '@hawser/core/network';
import type { Range } from './range.ts';

/** An address that was asked for, and the range that it is from. */
export interface StaticAddress {
  readonly ip: Ip;
  readonly range: Range;
}

/** What was asked for, by family. Throws `ipam.invalid_address`; whether it is free, only the ledger knows. */
export function parseStatic(texts: readonly string[], ranges: readonly Range[]): ReadonlyMap<Family, StaticAddress> {
  const asked = new Map<Family, StaticAddress>();
  for (const text of texts) {
    const found = placeOf(text, ranges);
    const other = asked.get(found.ip.family);
    if (other && other.ip.value !== found.ip.value) {
      throw ipamErrors.invalidAddress(
        `${formatIp(other.ip)} and ${formatIp(found.ip)} are both asked for, but an interface gets one address of each family`,
      );
    }
    asked.set(found.ip.family, found);
  }
  return asked;
}

function placeOf(text: string, ranges: readonly Range[]): StaticAddress {
  const prefix = parseCidr(text);
  const ip: Ip | undefined = prefix ? { family: prefix.family, value: prefix.value } : parseIp(text);
  if (!ip) throw ipamErrors.invalidAddress(`${quote(text)} is asked for, which is no address`);
  const address = formatIp(ip);
  const around = ranges.filter((range) => contains(range.subnet, ip));
  const [nearest] = around;
  if (!nearest) throw ipamErrors.invalidAddress(`${address} lies in none of the ranges ${ranges.map((range) => range.name).join(', ')}`);
  if (prefix && prefix.length !== nearest.subnet.length) {
    throw ipamErrors.invalidAddress(
      `${formatCidr(prefix)} is asked for, but prefixes of ${formatCidr(nearest.subnet)} have length ${nearest.subnet.length}`,
    );
  }
  const range = around.find(({ first, last }) => first <= ip.value && ip.value <= last);
  const special = specialAddress(ip, nearest);
  if (special !== undefined) throw ipamErrors.invalidAddress(`${address} is the ${special} of ${formatCidr(nearest.subnet)}`);
  if (!range) throw ipamErrors.invalidAddress(`${address} lies outside of ${around.map(({ name }) => name).join(', ')}`);
  return { ip, range };
}

function specialAddress(ip: Ip, { subnet, gateway }: Range): string | undefined {
  if (ip.value === gateway) return 'gateway';
  if (ip.value === subnet.value) return 'network address';
  return ip.family === 4 && ip.value === lastIp(subnet).value ? 'broadcast address' : undefined;
}

const quote = (text: string): string => JSON.stringify(text.length <= 60 ? text : `${text.slice(0, 57)}…`);
