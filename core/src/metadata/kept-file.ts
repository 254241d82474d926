import { statSync } from 'node:fs';
import { rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { Logger } from 'pino';
import { makeFolders } from '../context/index.ts';
import { type HawserError, toHawserError } from '../errors/index.ts';
import { type BootIdReader, writeBootId } from './boot-id.ts';
import { DATA_FILE, type Environment } from './environment.ts';
import { metadataErrors } from './errors.ts';
import { lockFolder } from './folder-lock.ts';
import type { StoreName } from './store.ts';

export interface KeptFileOptions {
  readonly store: StoreName;
  /** The config's folder, and its mode. */
  readonly folder: string;
  readonly mode: number;
  readonly environment: Environment;
  readonly bootId: BootIdReader;
  readonly log: Logger;
}

/**
 * Sees that a store's file is still at its path. Where somebody has deleted or moved it, this process has it all the same and
 * nobody finds it any more: who starts next would hand out again what pods have. Therefore nothing new is taken from then on,
 * and a copy goes to the file's place, now and once more at the end. What is detached in between is so in the second copy.
 */
export class KeptFile implements AsyncDisposable {
  readonly #options: KeptFileOptions;
  readonly #path: string;
  readonly #locks = new DisposableStack();
  /** What of ours is to be found at the path: the file itself, later the copy. */
  #ours: string | undefined;
  #lost: HawserError | undefined;

  constructor(options: KeptFileOptions) {
    this.#options = options;
    this.#path = join(options.environment.folder, DATA_FILE);
    this.#ours = identityAt(this.#path);
  }

  /** Throws `metadata.file_lost` once it is. */
  assertKept(): void {
    if (this.#lost !== undefined) throw this.#lost;
  }

  /** Looks, and does what is to be done; resolves with what is wrong. */
  async look(): Promise<HawserError | undefined> {
    if (this.#lost !== undefined || identityAt(this.#path) === this.#ours) return this.#lost;
    const { store, log } = this.#options;
    this.#lost = metadataErrors.fileLost(`the ${store} store's file ${this.#path} was taken away`, { details: { path: this.#path } });
    log.error({ err: this.#lost, store }, 'a store was taken away under the agent: nothing new is taken');
    await this.#copy();
    return this.#lost;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    using _locks = this.#locks;
    if (this.#lost === undefined) await this.look();
    else await this.#copy();
  }

  async #copy(): Promise<void> {
    const { store, log } = this.#options;
    try {
      const there = identityAt(this.#path);
      if (there !== undefined && there !== this.#ours) throw metadataErrors.locked(`another store is at ${this.#path}`);
      if (there === undefined) await this.#lock();
      await this.#put();
      this.#ours = identityAt(this.#path);
      log.warn({ store, path: this.#path }, 'a copy of the store is in its place, for the next start');
    } catch (error) {
      log.error({ err: toHawserError(error), store, path: this.#path }, 'no copy of the store could be put in its place');
    }
  }

  async #put(): Promise<void> {
    const { environment, store, bootId } = this.#options;
    const { putCopy } = await import('./backup.ts'); // nearly never needed
    const draft = `${environment.folder}.rescue`;
    await rm(draft, { recursive: true, force: true });
    await putCopy(draft, (into) => environment.copyTo(into));
    await makeFolders(environment.folder, 0o700);
    const boot = store === 'state' ? await bootId() : undefined;
    if (boot !== undefined) await writeBootId(environment.folder, boot);
    await rename(join(draft, DATA_FILE), this.#path);
    await rm(draft, { recursive: true, force: true });
  }

  /** The lock went with the folder, unless that is still there. */
  async #lock(): Promise<void> {
    const { folder, mode } = this.#options;
    await makeFolders(folder, mode);
    try {
      this.#locks.use(await lockFolder(folder));
    } catch (error) {
      if (!metadataErrors.locked.is(error) || error.details?.['pid'] !== process.pid) throw error;
    }
  }
}

/** Undefined where there is none. */
function identityAt(path: string): string | undefined {
  const stats = statSync(path, { bigint: true, throwIfNoEntry: false });
  return stats && `${stats.dev}:${stats.ino}`;
}
