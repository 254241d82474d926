import type { AttachmentClaim, AttachmentRequest, ClaimRequest, Ipam } from '@hawser/core/network';
import { proxyErrors } from '../errors.ts';
import { proposalMessage } from '../wire/encode.ts';
import type { Proposal, Refused } from '../wire/shapes.ts';

type Need = { readonly proposal: Proposal } | { readonly addressesFrom: string };

/** What a claim request of this process stands for. */
const needs = new WeakMap<ClaimRequest, Need>();

function standIn(type: string, need: Need): ClaimRequest {
  const request: ClaimRequest = {
    type,
    take: () => {
      throw proxyErrors.notPortable('a claim of a mode in another process is taken by the agent');
    },
  };
  needs.set(request, need);
  return request;
}

/** A resource that a served mode needs: any one of the candidates, the first that nobody holds. */
export function proposeClaim(candidates: readonly AttachmentClaim[], options: { readonly cooldownMs?: number } = {}): ClaimRequest {
  const [first] = candidates;
  if (first === undefined) throw proxyErrors.notPortable('a claim needs a candidate at least');
  return standIn(first.type, { proposal: { candidates: [...candidates], cooldownMs: options.cooldownMs ?? 0 } });
}

/** Stands for the agent's address plugin with this id, for a served mode that needs addresses. */
export function agentAddresses(id: string): Ipam {
  return { claim: (_request: AttachmentRequest) => standIn('address', { addressesFrom: id }), subnets: () => [] };
}

/** As messages Need; candidates that were refused are left out. Throws `proxy.not_portable` for what only the agent can take. */
export function needMessages(requests: readonly ClaimRequest[], refused: Refused): readonly object[] {
  return requests.map((request) => {
    const need = needs.get(request);
    if (need === undefined)
      throw proxyErrors.notPortable(`the mode claims '${request.type}' in a way that can't be told to another process`);
    return 'proposal' in need ? { proposal: proposalMessage(without(need.proposal, refused)) } : need;
  });
}

/** At least one stays, so that the agent can say what is in the way. */
function without({ candidates, cooldownMs }: Proposal, refused: Refused): Proposal {
  const names = new Set(refused.map(({ type, key }) => `${type}/${key}`));
  const left = candidates.filter(({ type, key }) => !names.has(`${type}/${key}`));
  return { candidates: left.length > 0 ? left : candidates.slice(0, 1), cooldownMs };
}
