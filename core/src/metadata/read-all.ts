import { createHash } from 'node:crypto';
import type { Environment } from './environment.ts';
import { metadataErrors } from './errors.ts';
import { compareKeys } from './key-order.ts';
import { storedVersion } from './migrations.ts';
import { ALL_KEYS } from './record.ts';

/** What reading every record of a store has shown. */
export interface StoreContent {
  readonly schemaVersion: number;
  /** Records, by collection. */
  readonly collections: Readonly<Record<string, number>>;
  /** Of all keys and values, in their order: two stores with the same one have the same records. */
  readonly digest: string;
}

const CHUNK = 512;

/** Reads every record; `metadata.damaged` names the first one whose key is none of a collection's, or that is no JSON. */
export function readAll(environment: Environment): StoreContent {
  const schemaVersion = storedVersion(environment);
  if (schemaVersion === undefined) throw metadataErrors.damaged(`the store in ${environment.folder} has no schema record`);
  const collections: Record<string, number> = {};
  const digest = createHash('sha256');
  let { start } = ALL_KEYS;
  for (;;) {
    const chunk = environment.chunk({ start, end: ALL_KEYS.end }, false, CHUNK);
    for (const { key, value } of chunk) {
      if (compareKeys(start, key) > 0) throw metadataErrors.damaged(`the record ${JSON.stringify(key)} stands out of the order of keys`);
      start = `${key}\0`;
      const collection = key.slice(0, Math.max(key.indexOf('\0'), 0));
      assertRecord(key, value);
      digest.update(`${key.length} ${value.length} `).update(key).update(value);
      collections[collection] = (collections[collection] ?? 0) + 1;
    }
    if (chunk.length === 0) return { schemaVersion, collections, digest: digest.digest('hex') };
  }
}

function assertRecord(key: string, value: string): void {
  const collectionEnd = key.indexOf('\0');
  if (collectionEnd <= 0 || !key.includes('\0', collectionEnd + 1))
    throw metadataErrors.damaged(`the record ${JSON.stringify(key)} is of no collection`);
  try {
    JSON.parse(value);
  } catch (error) {
    throw metadataErrors.damaged(`the record ${JSON.stringify(key)} can't be read`, { cause: error });
  }
}
