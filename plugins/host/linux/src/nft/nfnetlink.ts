/** include/uapi/linux/netfilter/{nfnetlink,nf_tables}.h */
export const NFNL_SUBSYS_NFTABLES = 10;
export const NFPROTO_INET = 1;

const SUBSYSTEM = NFNL_SUBSYS_NFTABLES << 8;
/** NFT_MSG_* as types of messages. */
export const NFT_MSG = { getRule: SUBSYSTEM | 7, newElement: SUBSYSTEM | 12, deleteElement: SUBSYSTEM | 14 } as const;

/** struct nfgenmsg: family, version 0, and a resource in network byte order. */
export function header(family: number, resource: number): Buffer {
  const bytes = Buffer.alloc(4);
  bytes[0] = family;
  bytes.writeUInt16BE(resource, 2);
  return bytes;
}
