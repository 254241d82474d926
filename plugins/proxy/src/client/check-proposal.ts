import { canonicalIp, contains, formatCidr, networkOf, parseCidr, parseIp } from '@hawser/core/network';
import { proxyErrors } from '../errors.ts';
import type { Proposal, WireClaim } from '../wire/shapes.ts';

/** Throws `proxy.bad_answer` where a proposed address is none, or says other things than its key. */
export function checkProposals(address: string, proposals: readonly Proposal[]): void {
  for (const candidate of proposals.flatMap(({ candidates }) => candidates)) {
    const fault = faultOf(candidate);
    if (fault !== undefined) throw proxyErrors.badAnswer(`the process at ${address} proposes the address '${candidate.key}', ${fault}`);
  }
}

function faultOf({ type, key, data }: WireClaim): string | undefined {
  if (type !== 'address') return undefined;
  if (canonicalIp(key) !== key) return 'which is not in canonical text';
  const { address, subnet, gateway } = data;
  const net = typeof subnet === 'string' ? parseCidr(subnet) : undefined;
  const own = parseIp(key);
  if (typeof subnet !== 'string' || net === undefined || formatCidr(networkOf(net)) !== subnet)
    return 'whose subnet is not a canonical prefix';
  if (address !== `${key}/${net.length}`) return `whose address is not ${key}/${net.length}`;
  if (own === undefined || !contains(net, own)) return `which is outside of ${subnet}`;
  const way = typeof gateway === 'string' && canonicalIp(gateway) === gateway ? parseIp(gateway) : undefined;
  if (way === undefined || !contains(net, way)) return `whose gateway is no canonical address of ${subnet}`;
  return gateway === key ? 'which is its own gateway' : undefined;
}
