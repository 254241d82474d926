import { type Context, deadlineSignal, type Logger } from '@hawser/core';
import type { Books } from './books.ts';
import type { ModeCalls } from './mode-calls.ts';
import { type AttachmentData, logFields, toAttachment } from './record.ts';

/** The way back: off the books as wanted, undone on the host, then off the books altogether. */
export class Undoing {
  readonly #context: Context;
  readonly #books: Books;
  readonly #log: Logger;
  readonly #modes: ModeCalls;

  constructor(context: Context, books: Books, log: Logger, modes: ModeCalls) {
    this.#context = context;
    this.#books = books;
    this.#log = log;
    this.#modes = modes;
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
      await this.#modes
        .detach(toAttachment(data), deadline.signal)
        .catch((failure: unknown) =>
          this.#log.error({ ...logFields(data), err: failure }, 'nor could it be undone yet; collection goes on trying'),
        );
    }
  }
}
