import type { Finding } from '@hawser/core';
import type { HostFeature } from '@hawser/core/network';
import { detectMissing } from './features.ts';
import { loadLibc } from './libc.ts';
import { NETLINK_ROUTE, NetlinkSocket, openNetlink } from './netlink/socket.ts';
import { findExecutable } from './nft/process.ts';
import { examinePrivileges } from './privileges.ts';

/** In the order in which they are told; without the first two no pod gets a network at all. */
const FEATURES: readonly HostFeature[] = ['veth', 'bridge', 'nftables', 'ipv6', 'policy_routing', 'macvlan', 'raw_ping'];
const NEEDED: ReadonlySet<HostFeature> = new Set(['veth', 'bridge']);

/**
 * What this process may do, and what this kernel can, a line a feature. Unlike opening the host it leaves the links of earlier
 * runs alone.
 */
export async function examineKernel(settings: {
  readonly receiveTimeoutMs: number;
  readonly nftPath: string;
}): Promise<readonly Finding[]> {
  if (process.platform !== 'linux')
    return [{ check: 'kernel', status: 'fail', found: `this is ${process.platform}, not Linux`, remedy: 'Use the simulated host here.' }];
  const { receiveTimeoutMs, nftPath } = settings;
  const libc = await loadLibc();
  using socket = new NetlinkSocket(libc, () => openNetlink(libc, { protocol: NETLINK_ROUTE, receiveTimeoutMs }));
  const missing = detectMissing({ libc, socket, receiveTimeoutMs, nft: findExecutable(nftPath) });
  return [await examinePrivileges(), ...FEATURES.map((feature) => finding(feature, missing.get(feature)))];
}

function finding(feature: HostFeature, missing: string | undefined): Finding {
  const check = `kernel ${feature}`;
  if (missing === undefined) return { check, status: 'ok', found: 'is there' };
  return {
    check,
    status: NEEDED.has(feature) ? 'fail' : 'warn',
    found: missing,
    remedy: 'Load the kernel module, or use a kernel with this feature.',
  };
}
