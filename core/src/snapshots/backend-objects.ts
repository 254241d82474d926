import type { Collector, Node } from '../gc/gc.ts';
import { isJsonObject } from '../json.ts';
import { type Collection, defineCollection, type ReadTransaction, type StoreName, type Transaction } from '../metadata/store.ts';

/** What is stored under `type/id`; see metadata/snapshot-backend.ts for the picture. */
export type ObjectRecord = {
  /** Of the snapshot that it is made for; empty where that is not known. */
  readonly key: string;
  /** RFC 3339, UTC. */
  readonly since: string;
};

const isObjectRecord = (value: unknown): value is ObjectRecord =>
  isJsonObject(value) && typeof value['key'] === 'string' && typeof value['since'] === 'string';

const OBJECTS: Readonly<Record<StoreName, Collection<ObjectRecord>>> = {
  root: defineCollection('root', 'snapshot_objects', isObjectRecord),
  state: defineCollection('state', 'snapshot_objects', isObjectRecord),
};
/** For checks. */
export { OBJECTS as OBJECT_RECORDS };

/** An object's namespace is told by its id, so that one without a record can be placed. */
const ID = /^(?<namespace>.+)\.[a-z0-9]{26}$/;
const MAX_ID_LENGTH = 76 + 1 + 26;

export const objectId = (namespace: string, random: string): string => `${namespace}.${random}`;

/** Undefined where the text is no id of an object. */
export const namespaceOf = (id: string): string | undefined => (id.length > MAX_ID_LENGTH ? undefined : ID.exec(id)?.groups?.['namespace']);

const objectType = (type: string): string => `${type}_object`;

/** The node of garbage collection. */
export const objectNode = (type: string, id: string): Node => ({ type: objectType(type), key: id });

export const readObject = (tx: ReadTransaction, type: string, id: string): ObjectRecord | undefined =>
  tx.get(OBJECTS[tx.store], `${type}/${id}`);

export function writeObject(tx: Transaction, type: string, id: string, record: ObjectRecord): void {
  tx.put(OBJECTS[tx.store], `${type}/${id}`, record);
}

/** Ids with their records, from behind `after` on. */
export function* readObjects(
  tx: ReadTransaction,
  type: string,
  { after, limit }: { readonly after: string; readonly limit: number },
): Iterable<readonly [id: string, record: ObjectRecord]> {
  const prefix = `${type}/`;
  const range = { start: `${prefix}${after}\0`, end: `${type}0`, limit }; // 0 is the sign behind the slash
  for (const [name, record] of tx.entries(OBJECTS[tx.store], range)) yield [name.slice(prefix.length), record];
}

function* readIds(tx: ReadTransaction, type: string): Iterable<string> {
  for (const name of tx.keys(OBJECTS[tx.store], { prefix: `${type}/` })) yield name.slice(type.length + 1);
}

export interface ObjectPorts {
  readonly type: string;
  readonly store: StoreName;
  /** Its snapshot is there, or somebody is at work on it. */
  isKept(tx: ReadTransaction, id: string): boolean;
  /** Takes it out of the backend. */
  remove(id: string, signal: AbortSignal): Promise<void>;
}

/** The objects' part in garbage collection. */
export function objectCollector({ type, store, isKept, remove }: ObjectPorts): Collector {
  const objects = OBJECTS[store];
  return {
    type: objectType(type),
    store,
    refersTo: [],
    keys: (tx) => readIds(tx, type),
    *scan(tx) {
      for (const id of readIds(tx, type)) yield { key: id, root: isKept(tx, id) };
    },
    has: (tx, id) => tx.has(objects, `${type}/${id}`),
    isRoot: (tx, id) => isKept(tx, id),
    references: () => [],
    referrers: () => [],
    condemn: () => {},
    cleanup: (id, signal) => remove(id, signal),
    finish: (tx, id) => void tx.delete(objects, `${type}/${id}`),
  };
}
