import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { checkStore } from '../metadata/maintenance.ts';
import { STORE_FOLDER } from '../metadata/store-folder.ts';

/** What reading one store whole has shown. */
export interface CheckedStore {
  readonly store: 'root' | 'state';
  readonly path: string;
  /** `absent`: no agent has run here yet, or the machine has restarted since. */
  readonly status: 'sound' | 'damaged' | 'absent';
  readonly damage?: { readonly code: string; readonly message: string; readonly remedy: string };
}

/** Reads both stores whole. Throws `metadata.locked` while an agent has one open: a file that changes under the reader would seem damaged. */
export async function checkStores(folders: { readonly root: string; readonly state: string }): Promise<readonly CheckedStore[]> {
  return Promise.all((['root', 'state'] as const).map((store) => checkOne(store, folders[store])));
}

async function checkOne(store: 'root' | 'state', folder: string): Promise<CheckedStore> {
  const path = join(folder, STORE_FOLDER);
  if (!existsSync(path)) return { store, path, status: 'absent' };
  const { damage } = await checkStore(store, folder);
  if (damage === undefined) return { store, path, status: 'sound' };
  const { code, message, remedy } = damage;
  return { store, path, status: 'damaged', damage: { code, message, remedy } };
}
