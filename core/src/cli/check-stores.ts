import { join } from 'node:path';
import { type Compaction, compactStore } from '../metadata/compaction.ts';
import { metadataErrors } from '../metadata/errors.ts';
import { isThere } from '../metadata/file-error.ts';
import { checkStore } from '../metadata/maintenance.ts';
import { repairStore } from '../metadata/repair.ts';
import { STORE_FOLDER } from '../metadata/store-folder.ts';
import type { FoundDisagreement } from '../metadata/store-checks.ts';
// Each room's checks register themselves.
import '../claims/claim-checks.ts';
import '../events/journal-checks.ts';
import '../gc/gc-checks.ts';
import '../leases/lease-checks.ts';
import '../metadata/index-checks.ts';
import '../metadata/namespace-checks.ts';
import '../snapshots/object-checks.ts';
import '../snapshots/snapshot-checks.ts';

type StoreFolders = { readonly root: string; readonly state: string };

/** Where records of a store disagree. */
export interface StoreFinding {
  readonly check: string;
  readonly namespace: string;
  readonly what: string;
  readonly means: string;
  readonly remedy: string;
}

/** What reading one store whole has shown. */
export interface CheckedStore {
  readonly store: 'root' | 'state';
  readonly path: string;
  /**
   * `absent`: no agent has run here yet, or the machine has restarted since. `older`: its records can be read; how they refer to
   * one another is looked at when an agent has migrated it. `newer`: a later version of the agent has written it. `inconsistent`:
   * some disagree, or are not what was written.
   */
  readonly status: 'sound' | 'inconsistent' | 'damaged' | 'older' | 'newer' | 'absent';
  readonly damage?: { readonly code: string; readonly message: string; readonly remedy: string };
  readonly findings: readonly StoreFinding[];
  /** What was wrong and is made anew. */
  readonly repaired: readonly StoreFinding[];
}

/**
 * Reads both stores whole, where wanted after making anew what is derived. Throws `metadata.locked` while an agent has one open: a
 * file that changes under the reader would seem damaged.
 */
export async function checkStores(folders: StoreFolders, { repair = false } = {}): Promise<readonly CheckedStore[]> {
  return Promise.all((['root', 'state'] as const).map((store) => checkOne(store, folders[store], repair)));
}

async function checkOne(store: 'root' | 'state', folder: string, repair: boolean): Promise<CheckedStore> {
  const path = join(folder, STORE_FOLDER);
  const base = { store, path, findings: [], repaired: [] };
  if (!isThere(path)) return { ...base, status: 'absent' };
  const before = await checkStore(store, folder);
  const mendable = before.disagreements?.some(({ mend }) => mend !== undefined) === true;
  const repaired = repair && mendable ? (await repairStore(store, folder)).map(toFinding) : [];
  const { damage, disagreements } = repaired.length === 0 ? before : await checkStore(store, folder);
  if (damage !== undefined) {
    const { code, message, remedy } = damage;
    const status = metadataErrors.schemaNewer.is(damage) ? 'newer' : 'damaged';
    return { ...base, repaired, status, damage: { code, message, remedy } };
  }
  if (disagreements === undefined) return { ...base, repaired, status: 'older' };
  return { ...base, repaired, status: disagreements.length === 0 ? 'sound' : 'inconsistent', findings: disagreements.map(toFinding) };
}

const toFinding = ({ check, namespace, what, means, remedy }: FoundDisagreement): StoreFinding => ({
  check,
  namespace,
  what,
  means,
  remedy,
});

/** Compacts the stores that are there, one after the other. */
export async function compactStores(folders: StoreFolders): Promise<readonly Compaction[]> {
  const done: Compaction[] = [];
  for (const store of ['root', 'state'] as const) {
    if (isThere(join(folders[store], STORE_FOLDER))) done.push(await compactStore(store, folders[store]));
  }
  return done;
}
