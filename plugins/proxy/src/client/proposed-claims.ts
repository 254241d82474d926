import type { Claims } from '@hawser/core/contracts';
import { type AttachmentClaim, type AttachmentRequest, type ClaimRequest, networkErrors, canonicalIp } from '@hawser/core/network';
import type { Proposal, Refused, WireClaim } from '../wire/shapes.ts';

/** Refused resources that are told again; a process that still proposes others' has to give up some time. */
const MOST_REFUSED = 4_096;

/**
 * Claims that another process proposes: asked for before the transaction, taken inside it, asked for again with what
 * others turned out to hold.
 */
export class ProposedClaims implements ClaimRequest {
  readonly type: string;
  readonly #claims: Claims;
  readonly #request: AttachmentRequest;
  readonly #ask: (refused: Refused, signal: AbortSignal) => Promise<Proposals>;
  readonly #refused: WireClaim[] = [];
  #proposed: Proposals = { proposals: [], others: [] };

  constructor(
    type: string,
    claims: Claims,
    request: AttachmentRequest,
    ask: (refused: Refused, signal: AbortSignal) => Promise<Proposals>,
  ) {
    this.type = type;
    this.#claims = claims;
    this.#request = request;
    this.#ask = ask;
  }

  async prepare(signal: AbortSignal): Promise<void> {
    const refused = this.#refused.map(({ type, key }) => ({ type, key }));
    this.#proposed = await this.#ask(refused, signal);
    for (const claim of this.#proposed.others) await claim.prepare?.(signal);
  }

  take: ClaimRequest['take'] = (tx, context) => {
    const own = this.#proposed.proposals.map((proposal) => this.#takeOne(proposal, tx, context));
    return [...own, ...this.#proposed.others.flatMap((claim) => claim.take(tx, context))];
  };

  /** The first that is free. An address that was asked for by name is had even while it cools. */
  #takeOne(
    { candidates, cooldownMs }: Proposal,
    tx: Parameters<ClaimRequest['take']>[0],
    context: Parameters<ClaimRequest['take']>[1],
  ): AttachmentClaim {
    for (const { type, key, data } of candidates) {
      const evenCooling = this.#isAskedFor(type, key);
      const free = this.#claims.isFree(tx, type, key) || (evenCooling && this.#claims.get(tx, type, key)?.state === 'cooling');
      if (!free) continue;
      this.#claims.take(tx, { type, key, holder: context.holder, data, lease: context.lease, cooldownMs, evenCooling });
      return { type, key, data };
    }
    if (this.#refused.length < MOST_REFUSED) this.#refused.push(...candidates);
    const [first] = candidates;
    const more = candidates.length === 1 ? '' : ` and ${candidates.length - 1} others`;
    throw networkErrors.proposalRefused(`${first?.type} ${first?.key}${more} were proposed, and are held or cooling`);
  }

  #isAskedFor(type: string, key: string): boolean {
    if (type !== 'address') return false;
    return this.#request.staticIps.some((asked) => canonicalIp(asked.split('/', 1)[0] ?? '') === key);
  }
}

/** What was proposed, and what providers in this process are to take along with it. */
export interface Proposals {
  readonly proposals: readonly Proposal[];
  readonly others: readonly ClaimRequest[];
}
