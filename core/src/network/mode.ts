import type { Holder } from '../claims/claims.ts';
import type { JsonObject } from '../json.ts';
import type { Transaction } from '../metadata/store.ts';
import type { Token } from '../plugin/token.ts';
import { defineToken } from '../plugin/token.ts';
import type { Attachment, AttachmentClaim, AttachmentRequest, AttachmentResult, NetworkChoice } from './attachment.ts';

/** What a claim request gets in the engine's transaction. */
export interface ClaimContext {
  readonly holder: Holder;
  /** The lease under which claims are taken. */
  readonly lease: string;
}

/**
 * A resource that a mode needs, to be taken in the engine's one transaction. Providers such as Ipam make these, one for
 * each attach. `take` is synchronous; throwing leaves nothing taken at all.
 */
export interface ClaimRequest {
  readonly type: string;
  /**
   * What can only be known by waiting, before the transaction: it takes nothing. Where `take` throws
   * `network.proposal_refused`, because what was prepared is somebody else's by now, it is called again and the
   * transaction is tried anew, a few times.
   */
  prepare?(signal: AbortSignal): Promise<void>;
  take(tx: Transaction, context: ClaimContext): readonly AttachmentClaim[];
}

/**
 * Knows how to realise an attachment. The engine keeps the books: what the mode needs is durable before `attach`
 * begins, `attach` and `detach` of one attachment never overlap, and everything that a crash leaves behind comes
 * back through `detach`.
 *
 * | method | may be repeated | may find | must leave |
 * |---|---|---|---|
 * | `attach` | yes, after a crash at any point of an earlier call | its own half-made work | the interface as the result says, or an error |
 * | `check` | yes | anything | nothing changed |
 * | `detach` | yes | any part of it missing, the namespace too; its path in another container's hands | nothing of this attachment |
 */
export interface NetworkMode<S extends JsonObject = JsonObject> {
  /**
   * Throws why every attach to this network would fail now, such as for want of an address plugin. Answers at once, from
   * memory: runtimes poll it, and call their whole node not ready while it throws. Nobody asks it before an attach. A mode
   * without it can attach whenever it serves.
   */
  ready?(network: NetworkChoice): void;
  /**
   * Validates the network's own settings over the agent's and returns what this attachment needs, for the books.
   * Changes nothing; only a mode that lives elsewhere has to wait for it. Throws `network.invalid_config` and
   * `network.unsupported` (naming key and value).
   */
  settings?(request: AttachmentRequest, signal: AbortSignal): S | Promise<S>;
  /** What it needs. Pure. Agrees with `settings`. */
  claims(request: AttachmentRequest, settings: S): readonly ClaimRequest[];
  attach(attachment: Attachment<S>, signal: AbortSignal): Promise<AttachmentResult>;
  /** Throws `network.check_failed` that says what differs. Tolerates what later plugins of a chain added. */
  check(attachment: Attachment<S>, signal: AbortSignal): Promise<void>;
  /**
   * Undoes it. Resolves when the container can't be reached through it any more; what is slow and unobservable may
   * go on under `settled`, and claims are freed after that only.
   */
  detach(attachment: Attachment<S>, signal: AbortSignal): Promise<void | { readonly settled: Promise<void> }>;
}

export const NetworkMode: Token<NetworkMode, 'hawser.mode.v1'> = defineToken<NetworkMode>()('hawser.mode.v1');
