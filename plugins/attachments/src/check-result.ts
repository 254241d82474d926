import { type Attachment, attachmentErrors, attachmentKey, type AttachmentResult, canonicalIp, resultShape } from '@hawser/core/network';
import type * as z from 'zod';

/**
 * What of a result a caller gets. Throws `attachments.bad_result` for one that is of no such form or can't be true: an address that the
 * attachment does not hold, one that it holds and did not get, no interface in the container.
 */
export function checkedResult(attachment: Attachment, given: AttachmentResult): AttachmentResult {
  const { data: result, error } = resultShape.safeParse(given);
  const fault = error === undefined ? faultOf(attachment, result) : formFault(error);
  if (fault === undefined && result !== undefined) return result;
  throw attachmentErrors.badResult(`the mode '${attachment.mode}' says of ${attachmentKey(attachment)} that it is attached, but ${fault}`);
}

/** The first thing that is wrong with its form. */
function formFault({ issues: [first] }: Readonly<z.ZodError>): string {
  const place = ['its result', ...(first?.path ?? [])].join('.');
  return first?.code === 'custom' || first?.code === 'invalid_format' ? `${place} ${first.message}` : `${place}: ${first?.message}`;
}

function faultOf({ ifname, netns, claims }: Attachment, { interfaces, ips }: AttachmentResult): string | undefined {
  if (!interfaces.some(({ name, sandbox }) => name === ifname && sandbox === netns)) return `names no interface ${ifname} in ${netns}`;
  const held = new Set(claims.filter(({ type }) => type === 'address').map(({ key }) => key));
  const given = new Set(ips.map(({ address }) => keyOf(address)));
  const foreign = [...given].find((key) => !held.has(key));
  if (foreign !== undefined) return `gave it ${foreign}, which it does not hold`;
  const lacking = [...held].find((key) => !given.has(key));
  if (lacking !== undefined) return `did not give it ${lacking}, which it holds`;
  const beyond = ips.find(({ interface: index = 0 }) => index >= interfaces.length);
  return beyond && `puts ${beyond.address} on interface ${beyond.interface} of ${interfaces.length}`;
}

/** The key of the claim on an address: the address alone, as the kernel writes it. */
function keyOf(address: string): string {
  const [bare = address] = address.split('/', 1);
  return canonicalIp(bare) ?? bare;
}
