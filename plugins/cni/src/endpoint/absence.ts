import { attachmentErrors } from '@hawser/core/network';

/** Passes over `attachments.not_found`: a DEL of what isn't there has nothing left to do. */
export function toleratingAbsence(error: unknown): void {
  if (!attachmentErrors.notFound.is(error)) throw error;
}
