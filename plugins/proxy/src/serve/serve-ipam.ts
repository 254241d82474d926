import type { AttachmentRequest } from '@hawser/core/network';
import { proposalMessage } from '../wire/encode.ts';
import { methodOf } from '../wire/proto.ts';
import { type Proposal, proposeRequest, type Refused, subnetsRequest } from '../wire/shapes.ts';
import { unaryHandler } from './handler.ts';
import { serve, type ServeOptions, type Served } from './server.ts';

/** An address plugin that keeps no books: it proposes, the agent's ledger decides. */
export interface ProposingIpam {
  subnets(): readonly { readonly subnet: string; readonly gateway: string }[];
  /**
   * One proposal for each family. `refused` was proposed before for this request, and is held by others. Addresses that
   * were asked for by name are honoured or refused (`ipam.invalid_address`).
   */
  propose(request: AttachmentRequest, refused: Refused, signal: AbortSignal): readonly Proposal[] | Promise<readonly Proposal[]>;
}

/** Serves an address plugin to agents in other processes. */
export async function serveIpam(ipam: ProposingIpam, options: ServeOptions): Promise<Served> {
  const subnets = methodOf('hawser.ipam.v1.Ipam', 'Subnets');
  const propose = methodOf('hawser.ipam.v1.Ipam', 'Propose');
  const handlers = [
    { method: subnets, handle: unaryHandler(subnets, subnetsRequest, async () => ({ subnets: ipam.subnets() })) },
    {
      method: propose,
      handle: unaryHandler(propose, proposeRequest, async ({ request, refused }, signal) => ({
        proposals: (await ipam.propose(request, refused, signal)).map(proposalMessage),
      })),
    },
  ];
  return await serve('hawser.ipam.v1', handlers, options);
}
