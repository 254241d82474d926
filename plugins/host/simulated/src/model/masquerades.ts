import type { Masquerade } from '@hawser/core/network';
import { contains, formatIp, formatPrefix, type Ip, network, parseIp, parsePrefix } from './ip.ts';
import { refuse } from './refusal.ts';
import type { Net } from './state.ts';

export function addMasquerades(net: Net, entries: readonly Masquerade[]): void {
  for (const entry of entries.map(canonical)) net.masquerades.set(keyOf(entry), entry);
}

export function removeMasquerades(net: Net, entries: readonly Masquerade[]): void {
  for (const entry of entries.map(canonical)) net.masquerades.delete(keyOf(entry));
}

/** Whether a packet's source is replaced on its way out. */
export function masquerades(net: Net, source: Ip, destination: Ip): boolean {
  return net.masquerades.values().some((entry) => entry.source === formatIp(source) && !contains(parsePrefix(entry.subnet), destination));
}

function canonical(entry: Masquerade): Masquerade {
  const [source, subnet] = [parseIp(entry.source), network(parsePrefix(entry.subnet))];
  if (source.family !== subnet.family) refuse('EINVAL', `${entry.source} and ${entry.subnet} are of two families`);
  return { source: formatIp(source), subnet: formatPrefix(subnet) };
}

const keyOf = (entry: Masquerade): string => `${entry.source} ${entry.subnet}`;
