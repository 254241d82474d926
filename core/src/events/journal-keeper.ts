import { type Clock, steadyTime } from '../context/index.ts';
import { timeText } from '../metadata/rfc3339.ts';
import type { Metadata, StoreName } from '../metadata/store.ts';
import { closeEpoch, EVENTS, eventsIn, type JournalRecord, writePrunedThrough } from './journal.ts';

export interface KeeperOptions {
  readonly metadata: Metadata;
  readonly clock: Clock;
  readonly maxAgeMs: number;
  readonly maxBytes: number;
}

type Entry = readonly [cursor: string, record: JournalRecord];

/** What is moved, counted or deleted in one go: so many records, of so many bytes; more hold the event loop for too long. */
const MOST_RECORDS = 200;
const MOST_BYTES = 64 * 1024;
/** Events after which they are moved before their time: the state store may be in memory. */
const BACKLOG = 20_000;
/** One for all rests: the platform makes a reason with a stack each time that none is given. */
const WOKEN = new Error('there is work to do');

/** Keeps the journal: moves the boot's part to the durable store and deletes what is too old or too much. */
export class JournalKeeper {
  readonly #options: KeeperOptions;
  /** Bytes of the durable part, up to the record that was counted last. */
  #bytes = 0;
  #counted = '';
  #backlog = 0;
  #wake = (): void => {};

  constructor(options: KeeperOptions) {
    this.#options = options;
  }

  /** Hears how many events were journalled. */
  journalled(count: number): void {
    this.#backlog += count;
    if (this.#backlog >= BACKLOG) this.#wake();
  }

  /** Works until the signal aborts, and once more then. */
  async run(intervalMs: number, signal: AbortSignal): Promise<void> {
    for (let isLast = false; !isLast;) {
      await this.#rest(intervalMs, signal);
      isLast = signal.aborted; // nothing is published any more
      await this.#keep();
    }
    await closeEpoch(this.#options.metadata);
  }

  /**
   * Moves what is there; what comes meanwhile is for the next time, or it would never end while others are busy. Copies to the root store
   * first and deletes from the state store then: a crash between leaves both, which readers merge.
   */
  async archive(): Promise<number> {
    const { metadata } = this.#options;
    let moved = 0;
    this.#backlog = 0;
    for (;;) {
      const { batch, isAll } = this.#read('state');
      if (batch.length === 0) return moved;
      const behind = await metadata.write('root', (tx) => {
        // What lies behind the last one counted is counted when its turn comes; what is there from an earlier try has been.
        const uncounted = batch.filter(([cursor]) => cursor <= this.#counted && !tx.has(EVENTS.root, cursor));
        for (const [cursor, record] of batch) tx.put(EVENTS.root, cursor, record);
        return uncounted;
      });
      this.#bytes += weightOf(behind);
      await metadata.write('state', (tx) => {
        for (const [cursor] of batch) tx.delete(EVENTS.state, cursor);
      });
      moved += countOf(batch);
      if (isAll) return moved;
    }
  }

  /** Deletes from the old end, and remembers how far. */
  async prune(): Promise<number> {
    const { clock, maxAgeMs, maxBytes } = this.#options;
    const before = timeText(steadyTime(clock).now() - maxAgeMs);
    await this.#count();
    let deleted = 0;
    for (;;) {
      const gone = surplus(this.#read('root').batch, this.#bytes - maxBytes, before).filter(([cursor]) => cursor <= this.#counted);
      if (gone.length === 0) return deleted;
      await this.#delete('root', gone);
      this.#bytes -= weightOf(gone);
      deleted += countOf(gone);
    }
  }

  /** Where the durable store takes nothing, the boot's part must not grow for ever either. */
  async #keep(): Promise<void> {
    try {
      await this.archive();
    } catch (error) {
      await this.#bound();
      throw error;
    }
    await this.prune();
  }

  async #bound(): Promise<void> {
    let excess = (await this.#weigh('state', '')).bytes - this.#options.maxBytes;
    while (excess > 0) {
      const gone = surplus(this.#read('state').batch, excess, '');
      await this.#delete('state', gone);
      excess -= weightOf(gone);
    }
  }

  /** The oldest behind a cursor, and what they weigh. */
  #read(store: StoreName, after = ''): { readonly batch: readonly Entry[]; readonly bytes: number; readonly isAll: boolean } {
    return this.#options.metadata.read(store, (tx) => {
      const batch: Entry[] = [];
      let bytes = 0;
      for (const [cursor, record] of tx.entries(EVENTS[store], after === '' ? {} : { start: `${after}\0` })) {
        batch.push([cursor, record]);
        bytes += weigh(record);
        if (batch.length >= MOST_RECORDS || bytes >= MOST_BYTES) return { batch, bytes, isAll: false };
      }
      return { batch, bytes, isAll: true };
    });
  }

  async #delete(store: StoreName, gone: readonly Entry[]): Promise<void> {
    await this.#options.metadata.write(store, (tx) => {
      for (const [cursor] of gone) tx.delete(EVENTS[store], cursor);
      writePrunedThrough(tx, gone.at(-1)?.[0] ?? '');
    });
  }

  async #count(): Promise<void> {
    const { bytes, last } = await this.#weigh('root', this.#counted);
    this.#bytes += bytes;
    this.#counted = last;
  }

  /** What lies behind a cursor, read in slices that leave the event loop free. */
  async #weigh(store: StoreName, after: string): Promise<{ readonly bytes: number; readonly last: string }> {
    let [bytes, last] = [0, after];
    for (;;) {
      const { batch, bytes: more } = this.#read(store, last);
      const end = batch.at(-1);
      if (end === undefined) return { bytes, last };
      bytes += more;
      last = end[0];
      await new Promise(setImmediate);
    }
  }

  /** Until its time has come, or there is much to do, or the signal aborts. */
  async #rest(ms: number, signal: AbortSignal): Promise<void> {
    const rest = new AbortController();
    const end = (): void => rest.abort(WOKEN);
    this.#wake = end;
    if (this.#backlog >= BACKLOG || signal.aborted) return;
    signal.addEventListener('abort', end, { once: true });
    try {
      await this.#options.clock.sleep(ms, rest.signal);
    } catch (error) {
      if (!rest.signal.aborted) throw error;
    } finally {
      signal.removeEventListener('abort', end);
    }
  }
}

/** The leading records that are too old, or of which there are `excess` bytes too many; pure. */
function surplus(batch: readonly Entry[], excess: number, before: string): readonly Entry[] {
  let left = excess;
  let count = 0;
  for (const [, record] of batch) {
    if (left <= 0 && record.timestamp >= before) break;
    left -= weigh(record);
    count++;
  }
  return batch.slice(0, count);
}

/** What a record takes in the file, roughly. */
const weigh = (record: JournalRecord): number => Buffer.byteLength(JSON.stringify(record)) + 64;

const weightOf = (entries: readonly Entry[]): number => entries.reduce((sum, [, record]) => sum + weigh(record), 0);

const countOf = (entries: readonly Entry[]): number => entries.reduce((sum, [, record]) => sum + eventsIn(record).length, 0);
