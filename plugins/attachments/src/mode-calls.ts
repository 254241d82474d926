import { type Context, type HawserError, type JsonObject, type Providers, toHawserError, untilAborted } from '@hawser/core';
import {
  type Attachment,
  attachmentErrors,
  type AttachmentId,
  attachmentKey,
  type AttachmentRequest,
  type AttachmentResult,
  type ClaimRequest,
  type NetworkMode,
} from '@hawser/core/network';
import { checkedResult } from './check-result.ts';
import { KeyedQueue } from './keyed-queue.ts';
import { requireMode } from './modes.ts';
import { patience } from './patience.ts';

/** What `detach` of a mode resolves with. */
export type Detached = Awaited<ReturnType<NetworkMode['detach']>>;

/** Calls about one attachment that may wait. */
const WAITING_PER_ATTACHMENT = 32;

type Method = keyof NetworkMode;

/**
 * The methods of modes: for one attachment one at a time, and whatever goes wrong in one has the mode's name. A method that
 * ignores its signal is not waited for. While that is an attach, nothing else is done to the attachment: it may still make
 * something that a detach beside it would miss.
 */
export class ModeCalls {
  readonly #context: Context;
  readonly #modes: Providers<NetworkMode>;
  readonly #turns = new KeyedQueue(WAITING_PER_ATTACHMENT, (key) => attachmentErrors.busy(`too much work is waiting for ${key}`));
  /** Attaches that nobody waits for any more, and that have not ended. */
  readonly #late = new Map<string, HawserError>();

  constructor(context: Context, modes: Providers<NetworkMode>) {
    this.#context = context;
    this.#modes = modes;
  }

  /** Resolves when all calls that are there now are done. */
  idle(): Promise<void> {
    return this.#turns.idle();
  }

  async settings(id: string, request: AttachmentRequest, signal: AbortSignal): Promise<JsonObject> {
    return named(id, 'settings', request, signal, async () => {
      const given = requireMode(id, this.#modes).settings?.(request, signal) ?? {};
      const settings = given instanceof Promise ? await untilAborted(given, signal) : given;
      JSON.stringify(settings); // the books would refuse it too, and name nobody
      return settings;
    });
  }

  claims(id: string, request: AttachmentRequest, settings: JsonObject, signal: AbortSignal): readonly ClaimRequest[] {
    try {
      const claims = [...requireMode(id, this.#modes).claims(request, settings)];
      for (const claim of claims) if (typeof claim?.take !== 'function') throw new TypeError('a claim has no `take`');
      return claims;
    } catch (error) {
      throw blamed(id, 'claims', request, signal, error);
    }
  }

  async attach(attachment: Attachment, signal: AbortSignal): Promise<AttachmentResult> {
    const key = attachmentKey(attachment);
    const working = this.#turns.run(key, signal, () =>
      named(attachment.mode, 'attach', attachment, signal, async () => {
        const mode = requireMode(attachment.mode, this.#modes);
        return checkedResult(attachment, await mode.attach(attachment, signal));
      }),
    );
    return patience(this.#context.clock, signal, working, () => {
      const error = hangs('attach', attachment, signal);
      this.#late.set(key, error);
      const ended = () => void (this.#late.get(key) === error && this.#late.delete(key));
      working.then(ended, ended);
      return error;
    });
  }

  /** Changes nothing, so that one which hangs holds up nobody. */
  check(attachment: Attachment, signal: AbortSignal): Promise<void> {
    return this.#inTurn('check', attachment, signal, (mode) => mode.check(attachment, signal));
  }

  /** The clean-up of garbage collection. It may be repeated, beside one that hangs too. */
  async detach(attachment: Attachment, signal: AbortSignal): Promise<Detached> {
    try {
      return await this.#inTurn('detach', attachment, signal, async (mode) => {
        await this.#context.faults?.reach('detach.before_mode');
        const outcome = await mode.detach(attachment, signal);
        await this.#context.faults?.reach('detach.after_mode');
        return outcome;
      });
    } catch (error) {
      throw (signal.aborted && this.#late.get(attachmentKey(attachment))) || error;
    }
  }

  #inTurn<T>(method: Method, attachment: Attachment, signal: AbortSignal, call: (mode: NetworkMode) => T | Promise<T>): Promise<T> {
    return this.#turns.run(attachmentKey(attachment), signal, () => {
      const work = named(attachment.mode, method, attachment, signal, async () => call(requireMode(attachment.mode, this.#modes)));
      return patience(this.#context.clock, signal, work, () => hangs(method, attachment, signal));
    });
  }
}

async function named<T>(mode: string, method: Method, id: AttachmentId, signal: AbortSignal, call: () => Promise<T>): Promise<T> {
  try {
    return await call();
  } catch (error) {
    throw blamed(mode, method, id, signal, error);
  }
}

/** What isn't of the catalogue is a defect of the mode; its text may quote anything, so it stays in the log. */
function blamed(mode: string, method: Method, id: AttachmentId, signal: AbortSignal, error: unknown): unknown {
  if ((signal.aborted && error === signal.reason) || toHawserError(error).code !== 'internal.unexpected') return error;
  return attachmentErrors.modeFailed(`the mode '${mode}' failed in ${method} of ${attachmentKey(id)}`, {
    cause: error,
    details: { mode, method },
  });
}

function hangs(method: Method, attachment: Attachment, signal: AbortSignal): HawserError {
  const { mode } = attachment;
  const why = signal.reason instanceof Error ? `: ${signal.reason.message}` : '';
  return attachmentErrors.modeHangs(
    `the mode '${mode}' goes on with ${method} of ${attachmentKey(attachment)} although it was told to end${why}`,
    { details: { mode, method } },
  );
}
