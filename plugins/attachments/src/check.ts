import {
  type AttachedInterface,
  type Attachment,
  type AttachmentResult,
  canonicalMac,
  type NamespaceId,
  networkErrors,
} from '@hawser/core/network';
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

/**
 * The attachment with its interfaces as the caller's cached result tells them: a later plugin of a chain may have given one another
 * MAC, which the result says then, or another MTU, which results tell from 1.1.0 on; where they don't, nobody can compare it.
 */
export function asSeenBy(attachment: Attachment, expected: AttachmentResult | undefined): Attachment {
  const { result } = attachment;
  if (!result || !expected) return attachment;
  const interfaces = result.interfaces.map((made): AttachedInterface => {
    const seen = expected.interfaces.find(({ name, sandbox }) => name === made.name && sandbox === made.sandbox);
    if (!seen || made.sandbox === undefined) return made;
    const { mtu: _, ...rest } = made;
    return { ...rest, mac: canonicalMac(seen.mac) ?? made.mac, ...(seen.mtu === undefined ? {} : { mtu: seen.mtu }) };
  });
  return { ...attachment, result: { ...result, interfaces } };
}

/** A caller who names another namespace than that of the ADD does not have what it believes to have. */
export function assertInside({ containerId, ifname, netnsId }: AttachmentData, expected: NamespaceId | undefined): void {
  if (expected === undefined || sameNamespace(netnsId, expected)) return;
  throw networkErrors.checkFailed(`${ifname} of ${containerId} was attached in another network namespace than the one that is named`);
}
