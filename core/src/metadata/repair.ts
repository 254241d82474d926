import { join } from 'node:path';
import { pino } from 'pino';
import { HawserError } from '../errors/index.ts';
import { changedRecords } from './changed-records.ts';
import { assertSound } from './data-file.ts';
import { DATA_FILE } from './environment.ts';
import { metadataErrors } from './errors.ts';
import { lockFolder } from './folder-lock.ts';
import { isThere } from './file-error.ts';
import { Headroom } from './headroom.ts';
import { assertNotNewer, currentVersion, MIGRATIONS } from './migrations.ts';
import { readAll } from './read-all.ts';
import type { StoreName, Transaction } from './store.ts';
import { findDisagreements, type FoundDisagreement } from './store-checks.ts';
import { openEnvironment, STORE_FOLDER } from './store-folder.ts';
import { WriteQueue } from './write-queue.ts';

/** Mending one thing may show another; a few rounds come to the end of that. */
const ROUNDS = 4;

/**
 * Makes anew what is derived, as far as the registered checks can, and records of which one bit has changed, in one transaction.
 * Resolves with what was mended; the rest another check tells. Errors: those of a commit, after which nothing has changed;
 * `metadata.damaged`; `metadata.locked`.
 */
export async function repairStore(store: StoreName, folder: string): Promise<readonly FoundDisagreement[]> {
  const path = join(folder, STORE_FOLDER, DATA_FILE);
  if (!isThere(path)) throw metadataErrors.notFound(`there is no store at ${path}`, { details: { path } });
  using _lock = await lockFolder(folder);
  assertSound(path);
  await using closing = new AsyncDisposableStack();
  const environment = openEnvironment(join(folder, STORE_FOLDER), store === 'root');
  closing.defer(() => environment.close());
  const changed: string[] = [];
  assertCurrent(store, readAll(environment, (key) => changed.push(key)).schemaVersion);
  const queue = new WriteQueue(store, environment, pino({ enabled: false }), closing.use(new Headroom(path)));
  const records = changedRecords(store, environment, changed);
  const mended = await queue.write((tx) => [...records.filter((one) => isMended(tx, one)), ...mend(tx)]);
  return mended; // only now may the store be closed
}

function mend(tx: Transaction): readonly FoundDisagreement[] {
  const mended: FoundDisagreement[] = [];
  const hopeless = new Set<string>();
  const nameOf = ({ namespace, what }: FoundDisagreement): string => `${namespace} ${what}`;
  for (let round = 0; round < ROUNDS; round++) {
    const found = findDisagreements(tx).filter((one) => one.mend !== undefined && !hopeless.has(nameOf(one)));
    if (found.length === 0) return mended;
    for (const one of found) {
      if (isMended(tx, one)) mended.push(one);
      else hopeless.add(nameOf(one));
    }
  }
  return mended;
}

/** What would be made may be refused, e.g. as too long for a key; that must not keep the others from being mended. */
function isMended(tx: Transaction, { namespace, mend: make }: FoundDisagreement): boolean {
  if (make === undefined) return false;
  try {
    make(tx.in(namespace));
    return true;
  } catch (error) {
    if (error instanceof HawserError) return false;
    throw error;
  }
}

function assertCurrent(store: StoreName, stored: number): void {
  assertNotNewer(store, `the ${store} store`, stored);
  const known = currentVersion(MIGRATIONS[store]);
  if (stored === known) return;
  throw metadataErrors.schemaOlder(`the ${store} store has schema ${stored}, this version writes ${known}`, {
    details: { store, stored, known },
  });
}
