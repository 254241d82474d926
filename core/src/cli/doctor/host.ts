import { pino } from 'pino';
import type { AgentConfig } from '../../config/index.ts';
import { systemContext } from '../../context/index.ts';
import { Host, type HostFeature } from '../../network/index.ts';
import { boot } from '../../plugin/index.ts';
import { fail, type Finding, ok, skip, warn } from './finding.ts';

const FEATURES: readonly HostFeature[] = ['veth', 'bridge', 'nftables', 'ipv6', 'policy_routing', 'macvlan', 'raw_ping'];

/** Without these no pod gets a network at all. */
const NEEDED: ReadonlySet<HostFeature> = new Set(['veth', 'bridge']);

/** Starts the assembly's host by itself and asks it what this kernel can do. */
export async function checkHost({ allPlugins, plugins }: AgentConfig, signal: AbortSignal): Promise<readonly Finding[]> {
  const hosts = allPlugins.filter((plugin) => plugin.provides.id === Host.id);
  if (hosts.length === 0) return [skip('kernel', 'no plugin of this agent provides a host')];
  const kernel = await boot({ plugins: hosts, config: { ...plugins, required: new Set() }, context: systemContext, log: pino({ level: 'silent' }), signal });
  try {
    const host = kernel.get(Host);
    if (host === undefined) return kernel.reports().map(({ uri, status, reason, error }) => fail('kernel', `${uri} ${status}: ${error?.message ?? reason ?? ''}`, error?.remedy ?? 'Run as root.'));
    return [ok('kernel', `${host.kind} host`), ...FEATURES.map((feature) => featureFinding(host, feature))];
  } finally {
    await kernel.stop('the examination is over');
  }
}

function featureFinding(host: Host, feature: HostFeature): Finding {
  const check = `kernel ${feature}`;
  if (host.supports(feature)) return ok(check, 'is there');
  const why = host.missing(feature) ?? 'is missing';
  return (NEEDED.has(feature) ? fail : warn)(check, why, 'Load the kernel module, or use a kernel with this feature.');
}
