import type { Claims } from '@hawser/core/contracts';
import type { AttachmentRequest, ClaimRequest, Ipam } from '@hawser/core/network';
import { proxyErrors } from '../errors.ts';
import { requestMessage } from '../wire/encode.ts';
import { methodOf } from '../wire/proto.ts';
import { proposeResponse, subnetsResponse } from '../wire/shapes.ts';
import { checkProposals } from './check-proposal.ts';
import type { Call } from './connection.ts';
import type { Peer } from './peer.ts';
import { ProposedClaims, type Proposals } from './proposed-claims.ts';

type Subnets = ReturnType<Ipam['subnets']>;

/** The subnets that the process hands out of, as of its last connection. */
export class KnownSubnets {
  #subnets: Subnets = [];

  get all(): Subnets {
    return this.#subnets;
  }

  /** Asks on a new connection. */
  async ask(call: <T>(call: Call<T>) => Promise<T>, deadlineMs: number, signal: AbortSignal): Promise<void> {
    const method = methodOf('hawser.ipam.v1.Ipam', 'Subnets');
    this.#subnets = (await call({ method, message: {}, answer: subnetsResponse, deadlineMs, signal })).subnets;
  }
}

export interface ProxyIpamOptions {
  readonly peer: Peer;
  readonly claims: Claims;
  readonly subnets: KnownSubnets;
  /** Milliseconds that one call may take. */
  readonly callDeadlineMs: number;
}

/** Addresses that another process proposes, and the ledger of this one decides on. */
export class ProxyIpam implements Ipam {
  readonly #options: ProxyIpamOptions;

  constructor(options: ProxyIpamOptions) {
    this.#options = options;
  }

  /** A process that is gone, or not well by its own word, proposes nothing. */
  ready(): void {
    this.#options.peer.assertWell();
  }

  subnets(): Subnets {
    return this.#options.subnets.all;
  }

  claim(request: AttachmentRequest): ClaimRequest {
    const { peer, claims, callDeadlineMs: deadlineMs } = this.#options;
    const method = methodOf('hawser.ipam.v1.Ipam', 'Propose');
    const ask = async (refused: readonly object[], signal: AbortSignal): Promise<Proposals> => {
      const message = { request: requestMessage(request), refused };
      const { proposals } = await peer.unary({ method, message, answer: proposeResponse, deadlineMs, signal });
      const other = proposals.flatMap(({ candidates }) => candidates).find(({ type }) => type !== 'address');
      if (other) throw proxyErrors.badAnswer(`the process at ${peer.address} hands out addresses, but proposes ${other.type} ${other.key}`);
      if (proposals.length === 0) throw proxyErrors.badAnswer(`the process at ${peer.address} proposes no address, and does not say why`);
      checkProposals(peer.address, proposals);
      return { proposals, others: [] };
    };
    return new ProposedClaims('address', claims, request, ask);
  }
}
