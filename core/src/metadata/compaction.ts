import { statSync } from 'node:fs';
import { chmod, chown, mkdir, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import type { FaultInjector } from '../context/index.ts';
import { assertSound } from './data-file.ts';
import { DATA_FILE } from './environment.ts';
import { metadataErrors } from './errors.ts';
import { commitError, fileError, isThere } from './file-error.ts';
import { flush } from './flush.ts';
import { lockFolder } from './folder-lock.ts';
import { inStore } from './maintenance.ts';
import { readAll } from './read-all.ts';
import type { StoreName } from './store.ts';
import { openEnvironment, STORE_FOLDER } from './store-folder.ts';

/** Bytes of the data file. */
export interface Compaction {
  readonly store: StoreName;
  readonly path: string;
  readonly beforeBytes: number;
  readonly afterBytes: number;
}

/**
 * Gives back what a store has let go of, while no agent runs:
 *
 * ```
 * store/data.mdb ─copy of what is used→ store.new/data.mdb ─flush, read whole, compare→ ─rename→ store/data.mdb
 * ```
 *
 * The rename is the only step that changes the store, and the file is verified and on the disk by then: whoever dies anywhere
 * leaves the former file or the new one. What is left of a draft is removed by the next one. Errors: `metadata.not_found`,
 * `metadata.locked`, `metadata.damaged`, `metadata.disk_full`; the store is as it was then.
 */
export async function compactStore(
  store: StoreName,
  folder: string,
  { faults }: { readonly faults?: FaultInjector } = {},
): Promise<Compaction> {
  const current = join(folder, STORE_FOLDER);
  const path = join(current, DATA_FILE);
  if (!isThere(path)) throw metadataErrors.notFound(`there is no ${store} store at ${path}`, { details: { path } });
  using _lock = await lockFolder(folder);
  assertSound(path);
  const beforeBytes = statSync(path).size;
  const draft = `${current}.new`;
  const drafted = join(draft, DATA_FILE);
  try {
    const wanted = await copyCompactly(current, draft);
    await faults?.reach('compact.after_copy');
    await settle(drafted, path);
    await faults?.reach('compact.after_flush');
    await verify(draft, wanted);
    await faults?.reach('compact.after_verification');
    await rename(drafted, path);
    await faults?.reach('compact.after_rename');
    await flush(current);
  } catch (error) {
    throw fileError(error, folder) ?? commitError(error);
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  return { store, path, beforeBytes, afterBytes: statSync(path).size };
}

/** Resolves with the digest of what was copied. */
async function copyCompactly(current: string, draft: string): Promise<string> {
  await rm(draft, { recursive: true, force: true });
  await mkdir(draft, { mode: 0o700 });
  const environment = openEnvironment(current, false);
  try {
    const { digest } = readAll(environment);
    await environment.copyTo(draft);
    return digest;
  } finally {
    await environment.close();
  }
}

/** The copy belongs to whom the former file does, and is on the disk. */
async function settle(drafted: string, former: string): Promise<void> {
  const { mode, uid, gid } = statSync(former);
  const own = statSync(drafted);
  await chmod(drafted, mode & 0o777);
  if (own.uid !== uid || own.gid !== gid) await chown(drafted, uid, gid);
  await flush(drafted);
}

/** Every page, then every record: it is the store that was copied. */
async function verify(draft: string, wanted: string): Promise<void> {
  assertSound(join(draft, DATA_FILE));
  const { digest } = await inStore(draft, readAll);
  if (digest !== wanted) throw metadataErrors.commitFailed(`the compact copy in ${draft} has other records than the store`);
}
