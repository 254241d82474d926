import { mkdir, readdir, rename, rm, rmdir } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { makeFolders } from '../context/index.ts';
import { assertSound } from './data-file.ts';
import { DATA_FILE } from './environment.ts';
import { metadataErrors } from './errors.ts';
import { fileError, isThere } from './file-error.ts';
import { flush } from './flush.ts';

/** Where a copy is written before it is whole. */
const DRAFT_FOLDER = 'unfinished';

/**
 * Puts a copy of a data file into an empty or a new folder:
 *
 * ```
 * folder/unfinished/data.mdb ─every page looked at, flush→ ─rename→ folder/data.mdb ─flush of the folder
 * ```
 *
 * So that `data.mdb` is whole wherever it is seen. `write` puts it into the folder that it gets. What fails leaves the folder as it was.
 * Errors: `metadata.not_empty`, `metadata.bad_folder`, `metadata.read_only`, `metadata.disk_full`.
 */
export async function putCopy(folder: string, write: (draft: string) => Promise<void>): Promise<void> {
  try {
    const isNew = !isThere(folder);
    await makeFolders(folder, 0o700);
    try {
      await fill(folder, write);
    } catch (error) {
      if (isNew) await rmdir(folder).catch(() => undefined); // somebody else's by now
      throw error;
    }
    if (isNew) await flush(dirname(folder));
  } catch (error) {
    throw fileError(error, folder) ?? error;
  }
}

async function fill(folder: string, write: (draft: string) => Promise<void>): Promise<void> {
  const names = await readdir(folder);
  const [name] = names;
  if (name !== undefined) {
    const what = name === DRAFT_FOLDER ? 'another copy is made there, or was left unfinished' : `it has ${names.length} entries`;
    throw metadataErrors.notEmpty(`${folder} is not empty: ${what}`, { details: { folder } });
  }
  const draft = join(folder, DRAFT_FOLDER);
  await mkdir(draft, { mode: 0o700 });
  try {
    await write(draft);
    const drafted = join(draft, DATA_FILE);
    assertSound(drafted);
    await flush(drafted);
    await rename(drafted, join(folder, DATA_FILE));
  } finally {
    await rm(draft, { recursive: true, force: true });
  }
  await flush(folder);
}
