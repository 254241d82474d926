import { type Attachment, type AttachmentResult, type NamespaceId, networkErrors } from '@hawser/core/network';
import { type AttachmentData, sameNamespace } from './record.ts';

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

/** A caller who names another namespace than that of the ADD does not have what it believes to have. */
export function assertInside({ containerId, ifname, netnsId }: AttachmentData, expected: NamespaceId | undefined): void {
  if (expected === undefined || sameNamespace(netnsId, expected)) return;
  throw networkErrors.checkFailed(`${ifname} of ${containerId} was attached in another network namespace than the one that is named`);
}
