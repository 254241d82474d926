import { type Attachment, type AttachmentResult, networkErrors } from '@hawser/core/network';

/**
 * Compares the caller's cached result with what was made: each of our addresses must still be in it. What later
 * plugins of a chain added is none of our business.
 */
export function assertSeenBy(attachment: Attachment, expected: AttachmentResult | undefined): void {
  if (!expected) return;
  const seen = new Set(expected.ips.map((ip) => ip.address));
  const missing = attachment.result?.ips.map((ip) => ip.address).filter((address) => !seen.has(address)) ?? [];
  if (missing.length === 0) return;
  throw networkErrors.checkFailed(
    `the runtime's result lacks ${missing.join(', ')}, which ${attachment.containerId} was given on ${attachment.ifname}`,
    {
      details: { missing },
    },
  );
}
