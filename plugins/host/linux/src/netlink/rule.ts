import { type Family, hostErrors, type Rule } from '@hawser/core/network';
import { type Prefix, familyNumber, familyOf, formatAddress, parseCidr, zeroAddress } from '../address-text.ts';
import { type Attribute, attribute, attributesOf, payloadOf, u32Of } from './attributes.ts';
import { u32 } from './bytes.ts';
import { type Message, NLM_F_CREATE, NLM_F_EXCL, type Request } from './message.ts';

/** include/uapi/linux/{rtnetlink,fib_rules}.h */
const RTM_NEWRULE = 32;
const RTM_DELRULE = 33;
const RTM_GETRULE = 34;

const FRA_DST = 1;
const FRA_SRC = 2;
const FRA_PRIORITY = 6;
const FRA_FWMARK = 10;
const FRA_TABLE = 15;
const FRA_FWMASK = 16;

const FR_ACT_TO_TBL = 1;
const RT_TABLE_COMPAT = 252;
const WHOLE_MARK = 0xffffffff;

const HEADER = 12;

/**
 * struct fib_rule_hdr.
 *
 * ```
 * 0        1         2         3     4       5      6      7        8
 * | family | dst len | src len | tos | table | res1 | res2 | action | flags |
 * ```
 */
function header(family: number, source: Prefix | undefined, destination: Prefix | undefined, table: number): Buffer {
  const bytes = Buffer.alloc(HEADER);
  bytes.set([family, destination?.length ?? 0, source?.length ?? 0, 0, table < 256 ? table : RT_TABLE_COMPAT, 0, 0, FR_ACT_TO_TBL]);
  return bytes;
}

/** Throws `host.invalid` for text that is no prefix of the rule's family. */
export function addRule(rule: Rule, doing: string): Request {
  return { type: RTM_NEWRULE, flags: NLM_F_CREATE | NLM_F_EXCL, ...ruleBody(rule), doing };
}

/** Deletes the first rule that has all that is told. */
export function deleteRule(rule: Rule, doing: string): Request {
  return { type: RTM_DELRULE, ...ruleBody(rule), doing };
}

function ruleBody(rule: Rule): Pick<Request, 'header' | 'attributes'> {
  const source = prefixOf(rule.from, rule.family);
  const destination = prefixOf(rule.to, rule.family);
  const attributes: Attribute[] = [attribute(FRA_PRIORITY, u32(rule.priority)), attribute(FRA_TABLE, u32(rule.table))];
  if (source !== undefined && source.length > 0) attributes.push(attribute(FRA_SRC, source.bytes));
  if (destination !== undefined && destination.length > 0) attributes.push(attribute(FRA_DST, destination.bytes));
  if (rule.mark !== undefined) attributes.push(attribute(FRA_FWMARK, u32(rule.mark)));
  if (rule.mark !== undefined) attributes.push(attribute(FRA_FWMASK, u32(rule.mask ?? WHOLE_MARK)));
  return { header: header(familyNumber(rule.family), source, destination, rule.table), attributes };
}

function prefixOf(text: string | undefined, family: Family): Prefix | undefined {
  if (text === undefined) return undefined;
  const prefix = parseCidr(text);
  if (prefix.family !== family) throw hostErrors.invalid(`'${text}' is not of the rule's family`);
  return prefix;
}

export function dumpRules(family: Family, doing: string): Request {
  const bytes = Buffer.alloc(HEADER);
  bytes[0] = familyNumber(family);
  return { type: RTM_GETRULE, header: bytes, doing };
}

/** Rules that look a table up; those that do something else are none of the contract's. */
export function decodeRule(message: Message): Rule | undefined {
  const { bytes, start, end } = message;
  const family = familyOf(bytes[start] ?? 0);
  if (end - start < HEADER || message.type !== RTM_NEWRULE || family === undefined || bytes[start + 7] !== FR_ACT_TO_TBL) return undefined;
  const attributes = attributesOf(bytes, start + HEADER, end);
  const mark = u32Of(attributes, FRA_FWMARK) ?? 0;
  const mask = u32Of(attributes, FRA_FWMASK) ?? WHOLE_MARK;
  const from = cidrOf(payloadOf(attributes, FRA_SRC), bytes[start + 2] ?? 0, family);
  const to = cidrOf(payloadOf(attributes, FRA_DST), bytes[start + 1] ?? 0, family);
  return {
    family,
    priority: u32Of(attributes, FRA_PRIORITY) ?? 0,
    table: u32Of(attributes, FRA_TABLE) ?? bytes[start + 4] ?? 0,
    ...(from === undefined ? {} : { from }),
    ...(to === undefined ? {} : { to }),
    ...(mark === 0 ? {} : { mark }),
    ...(mark === 0 || mask === WHOLE_MARK ? {} : { mask }),
  };
}

function cidrOf(bytes: Buffer | undefined, length: number, family: Family): string | undefined {
  if (length === 0) return undefined;
  return `${formatAddress(bytes ?? zeroAddress(family))}/${length}`;
}
