import { join } from 'node:path';
import * as z from 'zod';
import type { Logger } from 'pino';
import { DATA_FILE, type Environment } from './environment.ts';
import { metadataErrors } from './errors.ts';
import { fullDisk } from './file-error.ts';
import { Headroom, type MayWrite, roomFor } from './headroom.ts';
import { rebuildIndexes } from './label-indexes.ts';
import { adoptNamespaces } from './namespace-records.ts';
import { storeLabelReferences } from './label-references.ts';
import { SCHEMA_KEY } from './record.ts';
import { DEFAULT_NAMESPACE, type StoreName, type Transaction } from './store.ts';
import { StoreWriter } from './transaction.ts';
import { WriteSet } from './write-set.ts';

/** One step of the schema: brings a store from version `version - 1` to `version`. */
export interface Migration {
  readonly version: number;
  /** For the log. */
  readonly summary: string;
  migrate(tx: Transaction): void;
}

/** Steps of each store in the order of their versions, without a gap. A store without steps is at version 1. */
export type Migrations = Readonly<Record<StoreName, readonly Migration[]>>;

const LABEL_INDEXES: Migration = { version: 2, summary: 'snapshots and leases are found by their labels', migrate: rebuildIndexes };

const LABEL_REFERENCES: Migration = { version: 3, summary: 'what labels refer to is stored', migrate: storeLabelReferences };

/** Those of the state store are taken in whenever the stores are opened, for no transaction is of both. */
const NAMESPACES: Migration = {
  version: 4,
  summary: 'namespaces have records',
  migrate: (tx) => void adoptNamespaces(tx, [DEFAULT_NAMESPACE, ...tx.namespaces()]),
};

/** A step is never changed once it is released; a new one is added behind it. */
export const MIGRATIONS: Migrations = { root: [LABEL_INDEXES, LABEL_REFERENCES, NAMESPACES], state: [LABEL_INDEXES, LABEL_REFERENCES] };

const FIRST_VERSION = 1;
const schemaRecord = z.object({ version: z.int().positive() });

/** The version that this program writes. */
export const currentVersion = (steps: readonly Migration[]): number => FIRST_VERSION + steps.length;

/** The version that a store has; undefined in one that has just been made. */
export function storedVersion(environment: Environment): number | undefined {
  const text = environment.get(SCHEMA_KEY);
  if (text === undefined) return undefined;
  try {
    return schemaRecord.parse(JSON.parse(text)).version;
  } catch (error) {
    throw metadataErrors.damaged(`the schema record of ${environment.folder} can't be read`, { cause: error });
  }
}

/** Throws `metadata.schema_newer` of what has a version that this program doesn't know. */
export function assertNotNewer(store: StoreName, what: string, stored: number, known = currentVersion(MIGRATIONS[store])): void {
  if (stored <= known) return;
  throw metadataErrors.schemaNewer(`${what} has schema ${stored}, this version knows up to ${known}`, {
    details: { store, stored, known },
  });
}

/**
 * Brings a store to this program's version: all steps that it lacks in one transaction, so that a step that fails
 * leaves it as it was. Refuses a store of a newer version without touching it.
 */
export function migrate(store: StoreName, environment: Environment, steps: readonly Migration[], log: Logger): number {
  const target = currentVersion(steps);
  const stored = storedVersion(environment);
  if (stored === target) return target;
  if (stored !== undefined) assertNotNewer(store, `the ${store} store`, stored, target);
  const wanted = stored === undefined ? [] : steps.filter((step) => step.version > stored);
  const writes = new WriteSet(environment);
  const written = wanted.map((step) => apply(store, writes, step));
  writes.put(SCHEMA_KEY, JSON.stringify({ version: target }));
  // LMDB is asked for a commit only where all of it has room: one that fails half way may end the process.
  using room = new Headroom(join(environment.folder, DATA_FILE));
  if (!room.ensure(roomFor(written, room.usedBytes()))) throw fullDisk(environment.folder);
  environment.transact(() => writes.flush());
  if (wanted.length > 0) log.info({ store, from: stored, to: target, steps: wanted.map((step) => step.summary) }, 'migrated the store');
  return target;
}

function apply(store: StoreName, writes: WriteSet, step: Migration): MayWrite {
  const tx = new StoreWriter(store, writes);
  try {
    step.migrate(tx);
    return tx.mayWrite;
  } catch (error) {
    if (metadataErrors.diskFull.is(error)) throw error;
    throw metadataErrors.migrationFailed(`the ${store} store's migration to schema ${step.version} failed (${step.summary})`, {
      cause: error,
    });
  } finally {
    tx.end();
  }
}
