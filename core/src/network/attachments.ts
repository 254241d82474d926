import type { HawserError } from '../errors/index.ts';
import type { Token } from '../plugin/token.ts';
import { defineToken } from '../plugin/token.ts';
import type { Attachment, AttachmentId, AttachmentRequest, AttachmentResult, NetworkChoice } from './attachment.ts';
import type { NamespaceId } from './host.ts';

/** `attaching` → `attached` → `detaching` → gone. */
export type AttachmentState = 'attaching' | 'attached' | 'detaching';

/** An attachment as listings show it. */
export interface AttachmentRecord extends Attachment {
  readonly state: AttachmentState;
  /** RFC 3339, UTC. */
  readonly createdAt: string;
}

/** Which attachment is to be undone. */
export interface DetachRequest extends AttachmentId {
  /** The network's name. */
  readonly network: string;
}

/** Which attachments a runtime still knows, for `gc`. */
export interface RuntimeView {
  readonly network: string;
  /** Undefined: the runtime told nothing, reap only what has lost its namespace. Empty: nothing is valid. */
  readonly valid?: readonly AttachmentId[];
}

/** What every call carries. */
export interface CallOptions {
  /** Aborts when the client has gone or the deadline passes; what was begun is then undone. */
  readonly signal: AbortSignal;
  readonly requestId: string;
}

/**
 * The engine that attaches containers to networks: the way of one ADD.
 *
 * Calls about one attachment run one after the other in order of arrival, with one exception: a `detach` cancels
 * the `attach` before it.
 *
 * Errors: `attachments.unknown_mode` (lists those that are on), `attachments.not_found`, `attachments.busy` (too many
 * calls at once: try again), `attachments.not_ready`, `attachments.draining`, `attachments.conflict` (another
 * network has this interface), and those of the mode.
 */
export interface Attachments {
  /** Attaching what is attached to the same network in the same namespace answers with what is there. */
  attach(request: AttachmentRequest, options: CallOptions): Promise<AttachmentResult>;
  /** Succeeds whenever nothing is left. Possible while draining. */
  detach(request: DetachRequest, options: CallOptions): Promise<void>;
  /**
   * `attachments.not_found`, or what the mode finds. `expected` is the caller's cached result, `netnsId` the namespace in which
   * it takes the interface to be.
   */
  check(
    id: AttachmentId & { readonly network: string; readonly expected?: AttachmentResult; readonly netnsId?: NamespaceId },
    options: CallOptions,
  ): Promise<void>;
  /** Detaches what the runtime doesn't know. */
  reap(view: RuntimeView, options: CallOptions): Promise<readonly AttachmentId[]>;
  /**
   * Throws `attachments.not_ready` or `attachments.draining` while it can't attach; while it can't attach to this network,
   * `attachments.unknown_mode` or what the mode throws. Answers at once.
   */
  ready(network?: NetworkChoice): void;
  /** A record that can't be read is thrown, `metadata.damaged`, or left out where `onDamaged` is there to be told. */
  list(onDamaged?: (refusal: HawserError) => void): readonly AttachmentRecord[];
  get(id: AttachmentId): AttachmentRecord | undefined;
}

export const Attachments: Token<Attachments, 'hawser.attachments.v1'> = defineToken<Attachments>()('hawser.attachments.v1');
