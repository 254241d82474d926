import { type Attribute, attribute } from '../netlink/attributes.ts';
import { cString } from '../netlink/bytes.ts';
import type { Request } from '../netlink/message.ts';
import { header, NFPROTO_INET, NFT_MSG } from './nfnetlink.ts';

/** include/uapi/linux/netfilter/nf_tables.h */
const NFTA_RULE_TABLE = 1;
const NFTA_RULE_CHAIN = 2;

/** Asks for the rules of one chain; of a table or chain that isn't there there are none. */
export function dumpRules(table: string, chain: string): Request {
  const attributes: readonly Attribute[] = [attribute(NFTA_RULE_TABLE, cString(table)), attribute(NFTA_RULE_CHAIN, cString(chain))];
  return { type: NFT_MSG.getRule, header: header(NFPROTO_INET, 0), attributes, doing: `list the rules of table '${table}'` };
}
