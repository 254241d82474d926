import type { Attachment, AttachmentRequest } from '@hawser/core/network';
import { toStruct } from './struct.ts';
import type { Proposal, WireClaim } from './shapes.ts';

/** As the message AttachmentRequest. */
export function requestMessage(request: AttachmentRequest): object {
  const { name, mode, settings, capabilities } = request.network;
  const network = { name, ...(mode === undefined ? {} : { mode }), settings: toStruct(settings), capabilities: toStruct(capabilities) };
  return { ...request, network };
}

/** As the message Attachment. */
export function attachmentMessage(attachment: Attachment): object {
  return { ...attachment, settings: toStruct(attachment.settings), claims: attachment.claims.map(claimMessage) };
}

/** As the message Proposal. */
export function proposalMessage({ candidates, cooldownMs }: Proposal): object {
  return { candidates: candidates.map(claimMessage), cooldownMs };
}

function claimMessage({ type, key, data }: WireClaim): object {
  return { type, key, data: toStruct(data) };
}
