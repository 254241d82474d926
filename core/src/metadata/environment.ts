import { open, type RootDatabase } from 'lmdb';
import type { ByteRange } from './record.ts';
import type { Pages } from './transaction.ts';

export const DATA_FILE = 'data.mdb';

/**
 * One LMDB environment, in a folder of its own. All writes go through `transact`, which commits before it returns:
 * the library's asynchronous transactions leave a rejection that nobody can handle when a commit fails.
 */
export class Environment implements Pages {
  readonly folder: string;
  readonly #db: RootDatabase<Buffer, Buffer>;
  #closed = false;

  /** `sync: false` skips the flush of each commit: it then survives the process, not a power loss. */
  constructor(folder: string, options: { readonly sync: boolean }) {
    this.folder = folder;
    this.#db = open<Buffer, Buffer>({
      path: folder,
      noSubdir: false,
      encoding: 'binary',
      keyEncoding: 'binary',
      noSync: !options.sync,
      overlappingSync: false,
      cache: false,
    });
  }

  get(key: Buffer): Buffer | undefined {
    return this.#db.get(key);
  }

  chunk({ start, end }: ByteRange, reverse: boolean, limit: number): readonly { readonly key: Buffer; readonly value: Buffer }[] {
    const bounds = reverse ? { start: end, end: start, reverse: true, exclusiveStart: true, inclusiveEnd: true } : { start, end };
    return [...this.#db.getRange({ ...bounds, limit })];
  }

  put(key: Buffer, value: Buffer): void {
    this.#db.putSync(key, value);
  }

  remove(key: Buffer): boolean {
    return this.#db.removeSync(key);
  }

  /** Runs `fn` in a write transaction and commits; inside another one, as its child. Throwing aborts. */
  transact<T>(fn: () => T): T {
    return this.#db.transactionSync(fn);
  }

  /** A consistent copy of the data file while it is in use. */
  async copyTo(folder: string): Promise<void> {
    await this.#db.backup(folder, true);
  }

  entries(): number {
    return this.#db.getKeysCount({});
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    await this.#db.close();
  }
}
