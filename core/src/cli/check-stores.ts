import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { assertSound } from '../metadata/data-file.ts';
import { DATA_FILE } from '../metadata/environment.ts';
import { lockFolder } from '../metadata/folder-lock.ts';
import { STORE_FOLDER } from '../metadata/store-folder.ts';

export interface CheckedStore {
  readonly store: 'root' | 'state';
  readonly path: string;
  /** `absent`: no agent has run here yet, or the machine has restarted since. */
  readonly status: 'sound' | 'absent';
}

/**
 * Reads both stores page by page. Throws `metadata.damaged` for the first that is, and `metadata.locked` while an agent
 * has it open: a file that changes under the reader would seem damaged.
 */
export async function checkStores(folders: { readonly root: string; readonly state: string }): Promise<readonly CheckedStore[]> {
  const checked: CheckedStore[] = [];
  for (const store of ['root', 'state'] as const) {
    const path = join(folders[store], STORE_FOLDER, DATA_FILE);
    const there = existsSync(join(folders[store], STORE_FOLDER));
    if (there) await checkOne(folders[store], path);
    checked.push({ store, path, status: there ? 'sound' : 'absent' });
  }
  return checked;
}

async function checkOne(folder: string, path: string): Promise<void> {
  using _lock = await lockFolder(folder);
  assertSound(path);
}
