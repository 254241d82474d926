import type { JsonObject, Providers } from '@hawser/core';
import type { Claims } from '@hawser/core/contracts';
import {
  type Attachment,
  attachmentErrors,
  type AttachmentRequest,
  type AttachmentResult,
  type ClaimRequest,
  type Ipam,
  type NetworkMode,
} from '@hawser/core/network';
import { proxyErrors } from '../errors.ts';
import { attachmentMessage, requestMessage } from '../wire/encode.ts';
import { methodOf } from '../wire/proto.ts';
import { attachResponse, checkResponse, claimsResponse, detachResponse, settingsResponse } from '../wire/shapes.ts';
import { toStruct } from '../wire/struct.ts';
import { checkProposals } from './check-proposal.ts';
import type { Answers } from './connection.ts';
import type { Peer } from './peer.ts';
import { ProposedClaims, type Proposals } from './proposed-claims.ts';

/** Answers to one Detach; two is what it takes. */
const MOST_ANSWERS = 16;

const method = (name: string) => methodOf('hawser.mode.v1.Mode', name);

export interface ProxyModeOptions {
  readonly peer: Peer;
  readonly claims: Claims;
  readonly ipams: Providers<Ipam>;
  /** Milliseconds that one call may take. */
  readonly callDeadlineMs: number;
  /** Ends what goes on when everybody has been answered. */
  readonly signal: AbortSignal;
}

/** A mode that another process carries out. */
export class ProxyMode implements NetworkMode {
  readonly #options: ProxyModeOptions;

  constructor(options: ProxyModeOptions) {
    this.#options = options;
  }

  /** A process that is gone, or not well by its own word, attaches nothing. */
  ready(): void {
    this.#options.peer.assertWell();
  }

  async settings(request: AttachmentRequest, signal: AbortSignal): Promise<JsonObject> {
    const { peer, callDeadlineMs: deadlineMs } = this.#options;
    const message = { request: requestMessage(request) };
    return (await peer.unary({ method: method('Settings'), message, answer: settingsResponse, deadlineMs, signal })).settings;
  }

  /** One request that stands for all that the process needs: what that is, it says when it is prepared. */
  claims(request: AttachmentRequest, settings: JsonObject): readonly ClaimRequest[] {
    const { peer, claims, callDeadlineMs: deadlineMs } = this.#options;
    const ask = async (refused: readonly object[], signal: AbortSignal): Promise<Proposals> => {
      const message = { request: requestMessage(request), settings: toStruct(settings), refused };
      const { needs } = await peer.unary({ method: method('Claims'), message, answer: claimsResponse, deadlineMs, signal });
      const proposals = needs.flatMap(({ proposal }) => proposal ?? []);
      checkProposals(peer.address, proposals);
      return { proposals, others: needs.flatMap(({ addressesFrom: id }) => (id === undefined ? [] : this.#ipam(id).claim(request))) };
    };
    return [new ProposedClaims('proposed', claims, request, ask)];
  }

  async attach(attachment: Attachment, signal: AbortSignal): Promise<AttachmentResult> {
    const { peer, callDeadlineMs: deadlineMs } = this.#options;
    const message = { attachment: attachmentMessage(attachment) };
    return (await peer.unary({ method: method('Attach'), message, answer: attachResponse, deadlineMs, signal })).result;
  }

  async check(attachment: Attachment, signal: AbortSignal): Promise<void> {
    const { peer, callDeadlineMs: deadlineMs } = this.#options;
    const message = { attachment: attachmentMessage(attachment) };
    await peer.unary({ method: method('Check'), message, answer: checkResponse, deadlineMs, signal });
  }

  async detach(attachment: Attachment, signal: AbortSignal): Promise<{ readonly settled: Promise<void> }> {
    return await this.#options.peer.around(method('Detach'), () => this.#detach(attachment, signal));
  }

  async #detach(attachment: Attachment, signal: AbortSignal): Promise<{ readonly settled: Promise<void> }> {
    const { peer, callDeadlineMs: deadlineMs } = this.#options;
    const message = { attachment: attachmentMessage(attachment) };
    const answers = await peer.stream({ method: method('Detach'), message, answer: detachResponse, deadlineMs, signal });
    try {
      const first = await this.#next(answers, signal);
      const settled = first.settled ? Promise.resolve() : this.#settled(answers);
      // Who has given up meanwhile does not read it, and asks for a new one.
      settled.catch(() => undefined);
      return { settled };
    } catch (error) {
      answers[Symbol.dispose]();
      throw error;
    }
  }

  /** The caller's signal ends the waiting for its answer only: what is slow goes on behind it. */
  async #settled(answers: Answers<{ readonly settled: boolean }>): Promise<void> {
    using _ended = answers;
    for (let count = 1; count < MOST_ANSWERS; count++) if ((await this.#next(answers, this.#options.signal)).settled) return;
    throw proxyErrors.badAnswer(`the process at ${this.#options.peer.address} goes on answering Detach without an end`);
  }

  async #next(answers: Answers<{ readonly settled: boolean }>, signal: AbortSignal): Promise<{ readonly settled: boolean }> {
    const answer = await answers.next(signal);
    if (answer !== undefined) return answer;
    throw proxyErrors.badAnswer(`the process at ${this.#options.peer.address} ended Detach without saying that it is settled`);
  }

  #ipam(id: string): Ipam {
    const { ipams } = this.#options;
    const ipam = ipams.get(id);
    if (ipam) return ipam;
    throw attachmentErrors.notReady(`the address plugin '${id}' ${ipams.whyNot(id)}`);
  }
}
