import { mkdir, rename, rm } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import type { Logger } from 'pino';
import { type BootIdReader, setAsideOtherBoot, writeBootId } from './boot-id.ts';
import { inodeIn, isAsCleanlyStopped, markCleanStop } from './clean-stop.ts';
import { assertSound } from './data-file.ts';
import { DATA_FILE, Environment } from './environment.ts';
import { metadataErrors } from './errors.ts';
import { fileError, isThere } from './file-error.ts';
import { flush } from './flush.ts';
import { currentVersion, migrate, type Migration, schemaOf } from './migrations.ts';
import { SCHEMA_KEY } from './record.ts';
import { reserveReaders, tryRoom } from './room.ts';
import type { StoreName } from './store.ts';

/** Inside the folder of the config, beside sockets and tombstones. */
export const STORE_FOLDER = 'store';

export interface StoreFolderOptions {
  readonly store: StoreName;
  /** The config's folder. */
  readonly folder: string;
  readonly steps: readonly Migration[];
  readonly bootId: BootIdReader;
  readonly log: Logger;
}

/**
 * Opens a store, making it where there is none. What is there is checked before LMDB maps it, unless nobody has touched
 * it since its last clean stop. `state` is this boot's alone: one of another boot is set aside, unseen, for a power loss
 * may have damaged it.
 */
export async function openStoreFolder(options: StoreFolderOptions): Promise<Environment> {
  const { store, steps, log } = options;
  const folder = join(options.folder, STORE_FOLDER);
  await settleRestore(folder);
  const bootId = store === 'state' ? await options.bootId() : undefined;
  const aside = await setAsideOtherBoot(folder, bootId);
  if (aside !== undefined) log.info({ store, aside }, 'set the store of another boot aside');
  if (!isThere(folder)) await create(store, folder, currentVersion(steps), bootId);
  if (!isAsCleanlyStopped(folder)) assertSound(join(folder, DATA_FILE));
  const inode = inodeIn(folder);
  const environment = openEnvironment(folder, store === 'root', () => tryMarkCleanStop(folder, inode, log));
  try {
    migrate(store, environment, steps, log);
    return environment;
  } catch (error) {
    await environment.close();
    throw error;
  }
}

/** Where a backup lies, whole, that is about to take a store's place. */
export const restoredBeside = (folder: string): string => `${folder}.restored`;

/**
 * Finishes a restore that died when it had moved the former store away, for a new and empty one would give out again what is in use; one
 * that died before has not taken place. For who has the folder's lock.
 */
export async function settleRestore(folder: string): Promise<void> {
  const restored = restoredBeside(folder);
  if (!isThere(restored)) return;
  if (isThere(folder)) await rm(restored, { recursive: true, force: true });
  else await rename(restored, folder);
}

/** Without the mark the next start takes longer, no more. */
function tryMarkCleanStop(folder: string, inode: string, log: Logger): void {
  try {
    markCleanStop(folder, inode);
  } catch (error) {
    log.warn({ err: error, folder }, 'the clean stop of a store could not be marked');
  }
}

export function openEnvironment(folder: string, sync: boolean, whenClosed: () => void = () => undefined): Environment {
  try {
    reserveReaders(folder);
    return new Environment(folder, { sync, whenClosed });
  } catch (error) {
    throw fileError(error, folder) ?? metadataErrors.openFailed(`the store in ${folder} can't be opened`, { cause: error });
  }
}

/** A store appears whole or not at all, so that one without data is damaged and never taken for a new one. */
async function create(store: StoreName, folder: string, version: number, bootId: string | undefined): Promise<void> {
  const draft = `${folder}.new`;
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  try {
    if (bootId !== undefined) await writeBootId(draft, bootId);
    tryRoom(draft);
    const environment = openEnvironment(draft, store === 'root');
    try {
      environment.transact(() => environment.put(SCHEMA_KEY, schemaOf(version)));
    } finally {
      await environment.close();
    }
    await rename(draft, folder);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw error;
  }
  if (store === 'root') await flush(dirname(folder));
}
