import { existsSync } from 'node:fs';
import { constants } from 'node:os';
import { HawserError } from '@hawser/core';
import type { HostFeature } from '@hawser/core/network';
import { openIcmp } from './icmp/ping.ts';
import { errnoName } from './kernel-error.ts';
import type { Libc } from './libc.ts';
import { probeKind } from './netlink/link.ts';
import type { Request } from './netlink/message.ts';
import { dumpRules } from './netlink/rule.ts';
import { NETLINK_NETFILTER, NetlinkSocket, openNetlink } from './netlink/socket.ts';

const LINK_KINDS = ['veth', 'bridge', 'macvlan'] as const;

/** NFNL_SUBSYS_NFTABLES << 8 | NFT_MSG_GETGEN of include/uapi/linux/netfilter/{nfnetlink,nf_tables}.h */
const NFT_GETGEN = (10 << 8) | 16;

/** What is missing here, with the reason. */
export type Missing = ReadonlyMap<HostFeature, string>;

export interface Probes {
  readonly libc: Libc;
  readonly socket: NetlinkSocket;
  readonly receiveTimeoutMs: number;
  /** Path of nft, undefined where there is none. */
  readonly nft: string | undefined;
}

/** Asks the kernel by requests that change nothing; no process, less than a millisecond. */
export function detectMissing(probes: Probes): Missing {
  const found: Record<HostFeature, string | undefined> = {
    ...missingKinds(probes.socket),
    ipv6: existsSync('/proc/net/if_inet6') ? undefined : 'this kernel has no IPv6, or it is switched off',
    nftables: missingNftables(probes),
    policy_routing: reasonOf(() => probes.socket.dump(dumpRules(4, 'list rules'), () => undefined)),
    raw_ping: missingPing(probes.libc),
  };
  const missing = new Map<HostFeature, string>();
  for (const [feature, reason] of Object.entries(found) as [HostFeature, string | undefined][])
    if (reason !== undefined) missing.set(feature, reason);
  return missing;
}

/** The kernel loads a kind's module when it is asked for it. */
function missingKinds(socket: NetlinkSocket): Record<(typeof LINK_KINDS)[number], string | undefined> {
  const outcomes = socket.exchange(LINK_KINDS.map((kind) => probeKind(kind)));
  const reasons = LINK_KINDS.map((kind, index) => [kind, missingKind(kind, outcomes[index]?.errno ?? 0)] as const);
  return Object.fromEntries(reasons) as Record<(typeof LINK_KINDS)[number], string | undefined>;
}

function missingKind(kind: string, errno: number): string | undefined {
  switch (errno) {
    case constants.errno.EADDRNOTAVAIL:
      return undefined;
    case constants.errno.EOPNOTSUPP:
      return `this kernel can't make links of kind ${kind}`;
    case constants.errno.EPERM:
      return `making links of kind ${kind} takes CAP_NET_ADMIN`;
    default:
      return `links of kind ${kind} could not be tried (${errnoName(errno)})`;
  }
}

function missingNftables({ libc, nft, receiveTimeoutMs }: Probes): string | undefined {
  if (nft === undefined) return 'nft is not installed (package nftables)';
  const request: Request = { type: NFT_GETGEN, header: Buffer.alloc(4), doing: 'ask for the generation of nftables' };
  return reasonOf(() => {
    using socket = new NetlinkSocket(libc, () => openNetlink(libc, { protocol: NETLINK_NETFILTER, receiveTimeoutMs }));
    socket.request(request);
  });
}

function missingPing(libc: Libc): string | undefined {
  return reasonOf(() => libc.close(openIcmp(libc, 4)));
}

function reasonOf(probe: () => unknown): string | undefined {
  try {
    probe();
    return undefined;
  } catch (error) {
    if (error instanceof HawserError) return error.message;
    throw error;
  }
}
