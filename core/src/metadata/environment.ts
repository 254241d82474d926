import { open, type RootDatabase, type Transaction } from 'lmdb';
import type { JsonValue } from '../json.ts';
import { metadataErrors } from './errors.ts';
import { compareKeys } from './key-order.ts';
import type { Entry, Pages, Range } from './pages.ts';
import { readCached, readPlainly } from './record.ts';
import { RecordCache } from './record-cache.ts';
import type { Collection } from './store.ts';
import { textKeys } from './text-keys.ts';

/** ENOSPC and EDQUOT: the library gives the text of a copy's error, and no number. */
const NO_SPACE = /^(?:no space left on device|disk quota exceeded)/i;

export const DATA_FILE = 'data.mdb';

/**
 * One LMDB environment, in a folder of its own. All writes go through `transact`, which commits before it returns:
 * the library's asynchronous transactions leave a rejection that nobody can handle when a commit fails.
 *
 * A synced commit therefore holds the event loop for two flushes, of the pages and then of the meta page that refers
 * to them: below 1 ms where the disk has a cache that it may answer from, up to 35 ms on a busy one. It concerns
 * `root` alone, which no ADD on a bridge writes. What was looked into, for lmdb 3.5.6:
 *
 * - `overlappingSync` keeps a third meta page that names flushed states only and goes back to it in another boot; but
 *   mdb_txn_commit flushes before it returns, on the thread that commits. Only the asynchronous batches gain by it.
 * - `noSync` and a flush afterwards is not safe: the kernel may write the new meta page before its pages. LMDB then
 *   believes it, and pages have no checksums by which that could be seen.
 * - `noMetaSync` and a flush on another thread before `write` resolves would be safe: pages are flushed before the meta
 *   page is written, and pages of the last durable state are used again only after a commit that flushes the meta page
 *   along. It saves one of the two flushes, and lets readers see what is not durable yet.
 * - A worker thread can't run the callers' functions.
 */
export class Environment implements Pages {
  readonly folder: string;
  readonly #db: RootDatabase<string, string>;
  readonly #whenClosed: () => void;
  readonly #cache = new RecordCache();
  readonly #copies = new Set<Promise<void>>();
  #closed = false;

  /** `sync: false` skips the flush of each commit: it then survives the process, not a power loss. `whenClosed` must not throw. */
  constructor(folder: string, options: { readonly sync: boolean; readonly whenClosed?: () => void }) {
    this.folder = folder;
    this.#whenClosed = options.whenClosed ?? (() => undefined);
    this.#db = open<string, string>({
      path: folder,
      noSubdir: false,
      encoding: 'string',
      keyEncoder: textKeys,
      noSync: !options.sync,
      overlappingSync: false,
      cache: false,
    });
  }

  get(key: string): string | undefined {
    return this.#db.get(key);
  }

  read<V extends JsonValue>(collection: Collection<V>, key: string): V | undefined {
    return readCached(this.#cache, this, collection, key);
  }

  /** What stands under a key, though it be no text. */
  bytes(key: string): Uint8Array | undefined {
    return this.#db.getBinary(key);
  }

  chunk(range: Range, reverse: boolean, limit: number): readonly Entry[] {
    return inOrder(range, reverse, [...this.#db.getRange({ ...bounds(range, reverse), limit })]);
  }

  put(key: string, value: string): void {
    this.#cache.forget(key);
    this.#db.putSync(key, value);
  }

  remove(key: string): boolean {
    this.#cache.forget(key);
    return this.#db.removeSync(key);
  }

  /** Runs `fn` in a write transaction and commits. Throwing aborts. */
  transact<T>(fn: () => T): T {
    try {
      return this.#db.transactionSync(fn);
    } catch (error) {
      this.#cache.clear();
      throw error;
    }
  }

  /** The pages as they are now, for as long as it takes; `done` lets go of them. */
  view(): { readonly pages: Pages; done(): void } {
    const transaction = this.#db.useReadTransaction();
    return { pages: new HeldPages(this.#db, transaction), done: () => transaction.done() };
  }

  /** A consistent copy of the data file while it is in use. `metadata.disk_full` where there is no room for it. */
  async copyTo(folder: string): Promise<void> {
    const copy = this.#db.backup(folder, true);
    this.#copies.add(copy);
    try {
      await copy;
    } catch (error) {
      if (error instanceof Error && NO_SPACE.test(error.message))
        throw metadataErrors.diskFull(`there is no space in ${folder} for a copy`, { cause: error });
      throw error;
    } finally {
      this.#copies.delete(copy);
    }
  }

  /** As LMDB keeps it: counting keys would hold the event loop for as long as there are many. */
  entries(): number {
    const stats: object = this.#db.getStats();
    return 'entryCount' in stats && typeof stats.entryCount === 'number' ? stats.entryCount : 0;
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    // The library's thread would go on reading what is no longer mapped.
    await Promise.allSettled(this.#copies);
    await this.#db.close();
    this.#whenClosed();
  }
}

const bounds = ({ start, end }: Range, reverse: boolean) =>
  reverse ? { start: end, end: start, reverse: true, exclusiveStart: true, inclusiveEnd: true } : { start, end };

/** Reads by one transaction of LMDB, whatever is committed meanwhile. */
class HeldPages implements Pages {
  readonly #db: RootDatabase<string, string>;
  readonly #transaction: Transaction;

  constructor(db: RootDatabase<string, string>, transaction: Transaction) {
    this.#db = db;
    this.#transaction = transaction;
  }

  get(key: string): string | undefined {
    return this.#db.get(key, { transaction: this.#transaction });
  }

  read<V extends JsonValue>(collection: Collection<V>, key: string): V | undefined {
    return readPlainly(this, collection, key);
  }

  chunk(range: Range, reverse: boolean, limit: number): readonly Entry[] {
    return inOrder(range, reverse, [...this.#db.getRange({ ...bounds(range, reverse), limit, transaction: this.#transaction })]);
  }

  put(): void {
    throw metadataErrors.readOnly('a view is for reading');
  }

  remove(): boolean {
    throw metadataErrors.readOnly('a view is for reading');
  }
}

/** `metadata.damaged` where the ends are not where they belong: whoever went on from there would go in a circle. */
function inOrder({ start, end }: Range, reverse: boolean, entries: readonly Entry[]): readonly Entry[] {
  const [first, last] = reverse ? [entries.at(-1), entries[0]] : [entries[0], entries.at(-1)];
  if (first === undefined || last === undefined) return entries;
  if (compareKeys(start, first.key) > 0 || compareKeys(first.key, last.key) > 0 || compareKeys(last.key, end) >= 0)
    throw metadataErrors.damaged(`the keys of the store are not in their order near ${JSON.stringify(first.key)}`);
  return entries;
}
