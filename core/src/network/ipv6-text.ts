import { isIPv4 } from 'node:net';
import ipaddr from 'ipaddr.js';

const LETTERS = /^[\da-f:]+(?:(?<=:)\d+(?:\.\d+){3})?$/i;
const TOO_LONG = /[\da-f]{5}/i;

/**
 * Whether a text is an IPv6 address, without a zone. It takes what `isIPv6` of node:net takes, of which the first question costs
 * 6 ms: V8 compiles its expression then.
 */
export function isIpv6(text: string): boolean {
  if (!LETTERS.test(text) || TOO_LONG.test(text)) return false;
  if (text.includes('.') && !isIPv4(text.slice(text.lastIndexOf(':') + 1))) return false;
  return ipaddr.IPv6.isValid(text);
}
