import { type Context, deadlineSignal, type Providers } from '@hawser/core';
import { attachmentKey, type NetworkMode } from '@hawser/core/network';
import type { Logger } from 'pino';
import type { Books } from './books.ts';
import type { KeyedQueue } from './keyed-queue.ts';
import { requireMode } from './modes.ts';
import { type AttachmentData, logFields, toAttachment } from './record.ts';

/** What `detach` of a mode resolves with. */
export type Detached = void | { readonly settled: Promise<void> };

/** The way back: off the books as wanted, undone on the host, then off the books altogether. */
export class Undoing {
  readonly #context: Context;
  readonly #books: Books;
  readonly #log: Logger;
  readonly #cleanup: (data: AttachmentData, signal: AbortSignal) => Promise<Detached>;

  constructor(context: Context, books: Books, log: Logger, cleanup: (data: AttachmentData, signal: AbortSignal) => Promise<Detached>) {
    this.#context = context;
    this.#books = books;
    this.#log = log;
    this.#cleanup = cleanup;
  }

  /** Resolves when the container can't be reached through it any more; claims are freed later, when that is settled. */
  async undo(key: string, signal: AbortSignal): Promise<void> {
    await this.#books.release(key, '/attachments/detaching');
    await this.#context.faults?.reach('detach.after_release');
    await this.#books.collect(key, signal);
    await this.#context.faults?.reach('detach.after_collect');
  }

  /** An attach that failed leaves nothing behind, also when the store can't be written any more. */
  async undoFailed(key: string, data: AttachmentData, code: string, deadlineMs: number): Promise<void> {
    using deadline = deadlineSignal(this.#context.clock, deadlineMs, `undoing ${key}`);
    try {
      await this.#context.faults?.reach('attach.before_undo');
      await this.#books.release(key, '/attachments/failed', { code });
      await this.#books.collect(key, deadline.signal);
    } catch (error) {
      this.#log.error(
        { ...logFields(data), err: error },
        'a failed attach could not be taken off the books yet; collection goes on trying',
      );
      await this.#cleanup(data, deadline.signal).catch((failure: unknown) =>
        this.#log.error({ ...logFields(data), err: failure }, 'nor could it be undone yet; collection goes on trying'),
      );
    }
  }
}

/** The clean-up of garbage collection: the mode's `detach`, never beside another method of the mode for the same attachment. */
export function detachByMode(context: Context, modes: Providers<NetworkMode>, work: KeyedQueue) {
  return (data: AttachmentData, signal: AbortSignal): Promise<Detached> =>
    work.run(attachmentKey(data), signal, async () => {
      await context.faults?.reach('detach.before_mode');
      const outcome = await requireMode(data.mode, modes).detach(toAttachment(data), signal);
      await context.faults?.reach('detach.after_mode');
      return outcome;
    });
}
