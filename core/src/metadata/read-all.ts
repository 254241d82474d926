import { createHash } from 'node:crypto';
import type { Environment } from './environment.ts';
import { metadataErrors } from './errors.ts';
import { everyRecord } from './every-record.ts';
import { storedSchema } from './migrations.ts';
import { isJson, SCHEMA_KEY } from './record.ts';
import { unseal } from './seal.ts';

/** What reading every record of a store has shown. */
export interface StoreContent {
  readonly schemaVersion: number;
  /** Records, by collection. */
  readonly collections: Readonly<Record<string, number>>;
  /** Of all keys and values, in their order: two stores with the same one have the same records. */
  readonly digest: string;
}

/** Told each record that is not what was written; `key` is the whole one. */
export type OnChanged = (key: string) => void;

/**
 * Reads every record; `metadata.damaged` names the first one whose key is none of a collection's, or that is not what was written, unless
 * `onChanged` is told instead. In a store from before there were checksums it is not what was written where it is no JSON.
 */
export function readAll(environment: Environment, onChanged: OnChanged = refuse): StoreContent {
  const schema = storedSchema(environment);
  if (schema === undefined) throw metadataErrors.damaged(`the store in ${environment.folder} has no schema record`);
  const collections: Record<string, number> = {};
  const digest = createHash('sha256');
  for (const { key, value } of everyRecord(environment)) {
    const collection = collectionOf(key);
    if (key !== SCHEMA_KEY && (schema.sealed ? unseal(key, value) === undefined : !isJson(value))) onChanged(key);
    digest.update(`${key.length} ${value.length} `).update(key).update(value);
    collections[collection] = (collections[collection] ?? 0) + 1;
  }
  return { schemaVersion: schema.version, collections, digest: digest.digest('hex') };
}

function refuse(key: string): void {
  throw metadataErrors.damaged(`the record ${JSON.stringify(key)} is not what was written`);
}

function collectionOf(key: string): string {
  const end = key.indexOf('\0');
  if (end > 0 && key.includes('\0', end + 1)) return key.slice(0, end);
  throw metadataErrors.damaged(`the record ${JSON.stringify(key)} is of no collection`);
}
