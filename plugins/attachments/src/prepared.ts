import { untilAborted } from '@hawser/core';
import { type ClaimRequest, networkErrors } from '@hawser/core/network';

/** How often a reservation is tried whose proposals the ledger refuses. */
const ROUNDS = 8;

/** Whether something has to be waited for before these can be taken. */
export const needPreparing = (claims: readonly ClaimRequest[]): boolean => claims.some((claim) => claim.prepare !== undefined);

/**
 * Prepares the claims and reserves them, both again where the ledger has refused what was prepared: between a proposal and
 * the transaction somebody else may have taken it. Any other failure is the caller's, at once.
 */
export async function reservePrepared<T>(claims: readonly ClaimRequest[], signal: AbortSignal, reserve: () => Promise<T>): Promise<T> {
  for (let round = 1; ; round++) {
    await untilAborted(Promise.all(claims.map(async (claim) => claim.prepare?.(signal))), signal);
    signal.throwIfAborted();
    try {
      return await reserve();
    } catch (error) {
      if (round === ROUNDS || !networkErrors.proposalRefused.is(error)) throw error;
    }
  }
}
