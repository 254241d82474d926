import { mkdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import * as z from 'zod';
import { writeBootId } from '../boot-id.ts';
import { Environment } from '../environment.ts';
import { seal } from '../seal.ts';
import { STORE_FOLDER } from '../store-folder.ts';

const storedRecord = z.object({ store: z.enum(['root', 'state']), key: z.string(), value: z.string() });

/** One record of a stored schema. */
export type StoredRecord = z.infer<typeof storedRecord>;

/** When what is stored was written; leases and cooling addresses count from there. */
export const WRITTEN_AT = Date.UTC(2026, 0, 1, 0, 0, 31);
/** The boot that a laid-down store of the state is from. */
export const BOOT = 'the-boot-of-the-fixture';

/** What the program of a schema version has written, one of everything: see rich-store.fixture.ts. */
export function readSchema(version: number): readonly StoredRecord[] {
  const path = join(import.meta.dirname, '..', 'fixtures', `schema-${version}.jsonl`);
  const lines = readFileSync(path, 'utf8').trimEnd().split('\n');
  return lines.map((line) => storedRecord.parse(JSON.parse(line)));
}

/** A record as the present program writes it. */
export const sealed = ({ store, key, value }: StoredRecord): StoredRecord => ({ store, key, value: seal(key, value) });

/** Makes stores of these records below a folder, as an agent of then has left them. */
export async function layDown(records: readonly StoredRecord[], folder: string): Promise<void> {
  for (const store of ['root', 'state'] as const) {
    const path = join(folder, store, STORE_FOLDER);
    mkdirSync(path, { recursive: true });
    if (store === 'state') await writeBootId(path, BOOT);
    const environment = new Environment(path, { sync: false });
    environment.transact(() => {
      for (const { key, value, store: of } of records) if (of === store) environment.put(key, value);
    });
    await environment.close();
  }
}
