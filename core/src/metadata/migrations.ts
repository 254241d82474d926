import { join } from 'node:path';
import * as z from 'zod';
import type { Logger } from 'pino';
import { DATA_FILE, type Environment } from './environment.ts';
import { metadataErrors } from './errors.ts';
import { everyRecord } from './every-record.ts';
import { fullDisk } from './file-error.ts';
import { withoutFlippedBit } from './flipped-bit.ts';
import { Headroom, type MayWrite, roomFor } from './headroom.ts';
import { rebuildIndexes } from './label-indexes.ts';
import { adoptNamespaces } from './namespace-records.ts';
import { storeLabelReferences } from './label-references.ts';
import { isJson, SCHEMA_KEY } from './record.ts';
import { seal, SEAL_LENGTH, unseal } from './seal.ts';
import { DEFAULT_NAMESPACE, type StoreName, type Transaction } from './store.ts';
import { spaceFor, StoreWriter } from './transaction.ts';
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

/** They are added before any other step: see `migrate`. */
const checksums = (version: number): Migration => ({ version, summary: 'each record has a checksum', migrate: () => undefined });

/** A step is never changed once it is released; a new one is added behind it. */
export const MIGRATIONS: Migrations = {
  root: [LABEL_INDEXES, LABEL_REFERENCES, NAMESPACES, checksums(5)],
  state: [LABEL_INDEXES, LABEL_REFERENCES, checksums(4)],
};

const FIRST_VERSION = 1;
const schemaRecord = z.object({ version: z.int().positive() });

/** The version that this program writes. */
export const currentVersion = (steps: readonly Migration[]): number => FIRST_VERSION + steps.length;

/** What a store says of itself. */
export interface StoredSchema {
  readonly version: number;
  /** Whether its records have checksums: this one has one then. */
  readonly sealed: boolean;
}

/** The schema record for a version. */
export const schemaOf = (version: number): string => seal(SCHEMA_KEY, JSON.stringify({ version }));

/** The schema that a store has, also where one bit of the record has changed; undefined in one that has just been made. */
export function storedSchema(environment: Environment): StoredSchema | undefined {
  const text = environment.get(SCHEMA_KEY);
  if (text === undefined) return undefined;
  const json = unseal(SCHEMA_KEY, text) ?? withoutFlippedBit(SCHEMA_KEY, environment.bytes(SCHEMA_KEY) ?? new Uint8Array());
  try {
    return { ...schemaRecord.parse(JSON.parse(json ?? text)), sealed: json !== undefined };
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
 * leaves it as it was. Checksums come first where there are none, for whoever reads asks for them. Refuses a store of a newer version
 * without touching it.
 */
export function migrate(store: StoreName, environment: Environment, steps: readonly Migration[], log: Logger): number {
  const target = currentVersion(steps);
  const { version: stored, sealed } = storedSchema(environment) ?? {};
  if (environment.get(SCHEMA_KEY) === schemaOf(target)) return target;
  if (stored !== undefined) assertNotNewer(store, `the ${store} store`, stored, target);
  const wanted = stored === undefined ? [] : steps.filter((step) => step.version > stored);
  using room = new Headroom(join(environment.folder, DATA_FILE));
  environment.transact(() => {
    const written = sealed === false ? [sealAll(environment)] : [];
    const writes = new WriteSet(environment);
    for (const step of wanted) written.push(apply(store, writes, step));
    writes.put(SCHEMA_KEY, schemaOf(target));
    // LMDB is asked for a commit only where all of it has room: one that fails half way may end the process.
    if (!room.ensure(roomFor(written, room.usedBytes()))) throw fullDisk(environment.folder);
    writes.flush();
  });
  if (wanted.length > 0) log.info({ store, from: stored, to: target, steps: wanted.map((step) => step.summary) }, 'migrated the store');
  return target;
}

/** Gives every record its checksum, but for those that are damaged already, which stay so. */
function sealAll(environment: Environment): MayWrite {
  let bytes = 0;
  for (const { key, value } of everyRecord(environment)) {
    if (!isJson(value)) continue;
    environment.put(key, seal(key, value));
    bytes += spaceFor(Buffer.byteLength(value) + SEAL_LENGTH);
  }
  return { copies: Number.POSITIVE_INFINITY, added: 2 * bytes };
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
