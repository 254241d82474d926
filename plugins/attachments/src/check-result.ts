import { type Attachment, attachmentErrors, attachmentKey, type AttachmentResult, canonicalIp } from '@hawser/core/network';

/**
 * Throws `attachments.bad_result` for a result that can't be true: an address that the attachment does not hold, one that
 * it holds and did not get, no interface in the container.
 */
export function checkedResult(attachment: Attachment, result: AttachmentResult): AttachmentResult {
  const fault = faultOf(attachment, result);
  if (fault === undefined) return result;
  throw attachmentErrors.badResult(`the mode '${attachment.mode}' says of ${attachmentKey(attachment)} that it is attached, but ${fault}`);
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
