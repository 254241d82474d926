/** What `hawser db` does while no agent runs: each takes the folder's lock, so that it can't cross one. */
import { statSync } from 'node:fs';
import { copyFile, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { type FaultInjector, makeFolders } from '../context/index.ts';
import { type HawserError, toHawserError } from '../errors/index.ts';
import { putCopy } from './backup.ts';
import { type BootIdReader, kernelBootId, writeBootId } from './boot-id.ts';
import { changedRecords } from './changed-records.ts';
import { assertSound } from './data-file.ts';
import { DATA_FILE, type Environment } from './environment.ts';
import { metadataErrors } from './errors.ts';
import { fileError, isThere } from './file-error.ts';
import { flush } from './flush.ts';
import { lockFolder } from './folder-lock.ts';
import { assertNotNewer, currentVersion, MIGRATIONS, storedSchema } from './migrations.ts';
import { readAll } from './read-all.ts';
import type { StoreName } from './store.ts';
import { findDisagreements, type FoundDisagreement } from './store-checks.ts';
import { openEnvironment, restoredBeside, settleRestore, STORE_FOLDER } from './store-folder.ts';
import { StoreReader } from './transaction.ts';

/** What a check found; `damage` is absent where the store is sound. */
export interface StoreCheck {
  readonly store: StoreName;
  readonly path: string;
  readonly sizeBytes: number;
  readonly schemaVersion?: number;
  /** Entries that were read, by collection. */
  readonly collections: Readonly<Record<string, number>>;
  readonly damage?: HawserError;
  /** How records disagree that can each be read; absent where that was not looked into, e.g. in a store of an older version. */
  readonly disagreements?: readonly FoundDisagreement[];
}

/**
 * Reads everything in a store: every page, then every record, then what they say of one another. `folder` is the config's `root`
 * or `state`.
 */
export async function checkStore(store: StoreName, folder: string): Promise<StoreCheck> {
  const path = join(folder, STORE_FOLDER, DATA_FILE);
  if (!isThere(path)) throw metadataErrors.notFound(`there is no store at ${path}`, { details: { path } });
  using _lock = await lockFolder(folder);
  const base = { store, path, sizeBytes: statSync(path).size };
  try {
    assertSound(path);
    return { ...base, ...(await inStore(join(folder, STORE_FOLDER), (environment) => lookInto(store, environment))) };
  } catch (error) {
    return { ...base, collections: {}, damage: toHawserError(error) };
  }
}

/** A store of an older version is not asked how its records refer to one another: they may lie in other ways. */
function lookInto(store: StoreName, environment: Environment): Pick<StoreCheck, 'schemaVersion' | 'collections' | 'disagreements'> {
  const isCurrent = knownVersion(store, `the ${store} store`, environment) === currentVersion(MIGRATIONS[store]);
  const changed: string[] = [];
  const { schemaVersion, collections } = readAll(environment, isCurrent ? (key) => changed.push(key) : undefined);
  if (!isCurrent) return { schemaVersion, collections };
  const disagreements = [...changedRecords(store, environment, changed), ...findDisagreements(new StoreReader(store, environment))];
  return { schemaVersion, collections, disagreements };
}

/** Asked before anything else is read: the records of a newer version, which is refused, may be of any form. */
function knownVersion(store: StoreName, what: string, environment: Environment): number | undefined {
  const schema = storedSchema(environment);
  if (schema !== undefined) assertNotNewer(store, what, schema.version);
  return schema?.version;
}

/** Opens a store's folder for one look. */
export async function inStore<T>(folder: string, look: (environment: Environment) => T): Promise<T> {
  const environment = openEnvironment(folder, false);
  try {
    return look(environment);
  } finally {
    await environment.close();
  }
}

/** Copies a store that no agent uses into an empty folder. */
export async function backupStore(store: StoreName, folder: string, destination: string): Promise<void> {
  const path = join(folder, STORE_FOLDER, DATA_FILE);
  if (!isThere(path)) throw metadataErrors.notFound(`there is no ${store} store at ${path}`, { details: { path } });
  using _lock = await lockFolder(folder);
  assertSound(path);
  await putCopy(destination, (draft) => copyFile(path, join(draft, DATA_FILE)));
}

/**
 * Puts a backup (its folder, or the file in it) in a store's place. What was there is kept beside it; resolves with
 * its path. Nothing changes where the backup is damaged or of a newer version.
 *
 * ```
 * backup ─copy, flush, read whole→ store.new ─rename→ store.restored
 * store ─rename→ store-replaced-1, store.restored ─rename→ store
 * ```
 *
 * Whoever dies between the last two leaves no store: the next start finishes that, see `settleRestore`.
 */
export async function restoreStore(
  store: StoreName,
  folder: string,
  backup: string,
  options: { readonly bootId?: BootIdReader; readonly faults?: FaultInjector } = {},
): Promise<string | undefined> {
  const source = sourceFile(backup);
  assertSound(source);
  await makeFolders(folder);
  using _lock = await lockFolder(folder);
  const draft = join(folder, `${STORE_FOLDER}.new`);
  try {
    await prepare({ store, source, draft }, options);
    return await putInPlace(folder, draft, options.faults);
  } catch (error) {
    await rm(draft, { recursive: true, force: true });
    throw fileError(error, folder) ?? error;
  }
}

interface Restoring {
  readonly store: StoreName;
  readonly source: string;
  readonly draft: string;
}

async function prepare(
  { store, source, draft }: Restoring,
  { bootId: readBootId = kernelBootId, faults }: { readonly bootId?: BootIdReader; readonly faults?: FaultInjector },
): Promise<void> {
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  await copyDurably(source, draft);
  await faults?.reach('restore.after_copy');
  await assertKnownVersion(store, draft);
  const bootId = store === 'state' ? await readBootId() : undefined;
  if (bootId !== undefined) await writeBootId(draft, bootId);
}

async function putInPlace(folder: string, draft: string, faults: FaultInjector | undefined): Promise<string | undefined> {
  const current = join(folder, STORE_FOLDER);
  await settleRestore(current);
  await rename(draft, restoredBeside(current));
  await faults?.reach('restore.after_preparation');
  const former = await moveAway(current);
  await faults?.reach('restore.after_moving_away');
  await rename(restoredBeside(current), current);
  await faults?.reach('restore.after_rename');
  await flush(folder);
  return former;
}

function sourceFile(backup: string): string {
  if (!isThere(backup)) throw metadataErrors.notFound(`there is no backup at ${backup}`, { details: { path: backup } });
  return statSync(backup).isDirectory() ? join(backup, DATA_FILE) : backup;
}

async function assertKnownVersion(store: StoreName, folder: string): Promise<void> {
  await inStore(folder, (environment) => {
    knownVersion(store, 'the backup', environment);
    readAll(environment);
  });
}

async function moveAway(current: string): Promise<string | undefined> {
  if (!isThere(current)) return undefined;
  let number = 1;
  while (isThere(`${current}-replaced-${number}`)) number++;
  await rename(current, `${current}-replaced-${number}`);
  return `${current}-replaced-${number}`;
}

async function copyDurably(source: string, folder: string): Promise<void> {
  const target = join(folder, DATA_FILE);
  await copyFile(source, target);
  await flush(target);
  await flush(folder);
}
