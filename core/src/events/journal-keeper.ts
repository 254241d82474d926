import type { Clock } from '../context/index.ts';
import type { Metadata } from '../metadata/store.ts';
import { EVENTS, readJournalState, type StoredEvent, writeJournalState } from './journal.ts';

export interface KeeperOptions {
  readonly metadata: Metadata;
  readonly clock: Clock;
  readonly maxAgeMs: number;
  readonly maxBytes: number;
}

/** Events moved or deleted in one transaction. */
const BATCH = 500;

/** Keeps the journal: moves the boot's part to the durable store and deletes what is too old or too much. */
export class JournalKeeper {
  readonly #options: KeeperOptions;
  /** Bytes of the durable part; counted once, kept up to date then. */
  #bytes: number | undefined;

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Works until the signal aborts, and once more then. */
  async run(intervalMs: number, signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.#options.clock.sleep(intervalMs, signal).catch((error: unknown) => {
        if (!signal.aborted) throw error;
      });
      await this.archive();
      await this.prune();
    }
  }

  /** Copies to the root store first and deletes from the state store then: a crash between leaves both, which readers merge. */
  async archive(): Promise<number> {
    const { metadata } = this.#options;
    let moved = 0;
    for (;;) {
      const batch = metadata.read('state', (tx) => [...tx.entries(EVENTS.state, { limit: BATCH })]);
      if (batch.length === 0) return moved;
      const known = this.#bytes ?? this.#count();
      await metadata.write('root', (tx) => {
        for (const [cursor, event] of batch) tx.put(EVENTS.root, cursor, event);
      });
      this.#bytes = known + batch.reduce((sum, [, event]) => sum + weigh(event), 0);
      await metadata.write('state', (tx) => {
        for (const [cursor] of batch) tx.delete(EVENTS.state, cursor);
      });
      moved += batch.length;
    }
  }

  /** Deletes from the old end, and remembers how far. */
  async prune(): Promise<number> {
    const { metadata, clock, maxAgeMs, maxBytes } = this.#options;
    const before = new Date(clock.now() - maxAgeMs).toISOString();
    let deleted = 0;
    for (;;) {
      const bytes = this.#bytes ?? this.#count();
      const batch = metadata.read('root', (tx) => [...tx.entries(EVENTS.root, { limit: BATCH })]);
      const gone = surplus(batch, bytes - maxBytes, before);
      const last = gone.at(-1);
      if (last === undefined) return deleted;
      await metadata.write('root', (tx) => {
        for (const [cursor] of gone) tx.delete(EVENTS.root, cursor);
        writeJournalState(tx, { ...readJournalState(tx), prunedThrough: last[0] });
      });
      this.#bytes = bytes - gone.reduce((sum, [, event]) => sum + weigh(event), 0);
      deleted += gone.length;
    }
  }

  #count(): number {
    let bytes = 0;
    this.#options.metadata.read('root', (tx) => {
      for (const [, event] of tx.entries(EVENTS.root)) bytes += weigh(event);
    });
    return (this.#bytes = bytes);
  }
}

/** The leading events that are too old, or of which there are `excess` bytes too many; pure. */
function surplus(
  batch: readonly (readonly [cursor: string, event: StoredEvent])[],
  excess: number,
  before: string,
): readonly (readonly [cursor: string, event: StoredEvent])[] {
  let left = excess;
  let count = 0;
  for (const [, event] of batch) {
    if (left <= 0 && event.timestamp >= before) break;
    left -= weigh(event);
    count++;
  }
  return batch.slice(0, count);
}

/** What an event takes in the file, roughly. */
const weigh = (event: StoredEvent): number => Buffer.byteLength(JSON.stringify(event)) + 64;
