/**
 * How keys and values lie in the file.
 *
 * ```
 * <collection> 00 <namespace> 00 <key>  →  JSON, UTF-8, and a checksum of both (seal.ts)
 * _store       00             00 schema →  {"version":1}, likewise
 * ```
 *
 * Keys are UTF-8 too, and sort so (key-order.ts). Collections and namespaces hold no zero byte, keys may.
 */
import type { HawserError } from '../errors/index.ts';
import type { JsonValue } from '../json.ts';
import { checkCollectionName } from './collection-name.ts';
import { CHECK_STORE, metadataErrors } from './errors.ts';
import { pastPrefix } from './key-order.ts';
import type { Pages, Range } from './pages.ts';
import type { RecordCache } from './record-cache.ts';
import { seal, SEAL_LENGTH, unseal } from './seal.ts';
import { MOST_BYTES } from './text-keys.ts';
import { checkIdentifier } from './identifiers.ts';
import { type Collection, DEFAULT_NAMESPACE, type KeyRange } from './store.ts';

/** LMDB takes 1,978 bytes; collection and namespace want some of them. */
const MAX_KEY_BYTES = 1024;
/** What a derived key may have beside the key that it stands for. */
const DERIVED_BYTES = 32;
const MAX_VALUE_BYTES = 1024 * 1024;

/** The record that carries the store's schema version; no collection can have this name. */
export const SCHEMA_KEY = '_store\0\0schema';

export function encodeKey(collection: Collection, key: string, namespace = DEFAULT_NAMESPACE): string {
  if (key === '' || !key.isWellFormed())
    throw metadataErrors.invalidKey(`a key of ${collection.name} is ${key === '' ? 'empty' : 'not well-formed Unicode'}`);
  if (key.length * MOST_BYTES > MAX_KEY_BYTES) checkLength(collection, key);
  return collectionPrefix(collection, namespace) + key;
}

function checkLength({ name, derived }: Collection, key: string): void {
  const bytes = Buffer.byteLength(key);
  if (bytes > MAX_KEY_BYTES + (derived === true ? DERIVED_BYTES : 0))
    throw metadataErrors.keyTooLong(`a key of ${name} has ${bytes} bytes`, { details: { collection: name, bytes } });
}

/** Namespaces of which the prefixes are remembered. There are few at a time, but they come and go. */
const MOST_NAMESPACES = 1_000;
/** By namespace and collection: every key needs its own. */
const prefixes = new Map<string, Map<string, string>>();

/** What all keys of a collection start with. */
export function collectionPrefix({ name }: Pick<Collection, 'name'>, namespace = DEFAULT_NAMESPACE): string {
  const known = prefixes.get(namespace)?.get(name);
  if (known !== undefined) return known;
  checkCollectionName(name);
  checkIdentifier(namespace, 'a namespace', metadataErrors.invalidNamespace);
  const prefix = `${name}\0${namespace}\0`;
  if (prefixes.size >= MOST_NAMESPACES) prefixes.clear();
  const ofNamespace = prefixes.get(namespace) ?? new Map<string, string>();
  prefixes.set(namespace, ofNamespace.set(name, prefix));
  return prefix;
}

/** The prefix of the collection and namespace that a key, or the start of a range, is of. */
export const tableOf = (key: string): string => key.slice(0, key.indexOf('\0', key.indexOf('\0') + 1) + 1);

/** A value as it is stored under a key that `encodeKey` has made, with its length in UTF-8. */
export function encodeValue(collection: Collection, key: string, value: JsonValue): { readonly text: string; readonly bytes: number } {
  // The type says that it is one; a caller without types may still pass undefined or a function.
  const json: string | undefined = JSON.stringify(value);
  if (json === undefined) throw metadataErrors.invalidValue(`a value of ${collection.name} is not JSON`);
  const bytes = Buffer.byteLength(json);
  if (bytes > MAX_VALUE_BYTES) {
    throw metadataErrors.valueTooLarge(`a value of ${collection.name} has ${bytes} bytes`, {
      details: { collection: collection.name, bytes },
    });
  }
  return { text: seal(key, json), bytes: bytes + SEAL_LENGTH };
}

/**
 * What was stored under a key of the collection, as `encodeKey` made it. `metadata.damaged` where it is not what was written, or not of
 * the form that the collection asks for; where it asks for none, its type is what the collection's writers put.
 */
export function decodeValue<V extends JsonValue>(collection: Collection<V>, key: string, text: string): V {
  const json = unseal(key, text);
  if (json === undefined) throw damagedRecord(collection, recordOf(key), NOT_AS_WRITTEN);
  const value: unknown = JSON.parse(json);
  if (collection.isValue?.(value) === false) throw damagedRecord(collection, recordOf(key));
  return value;
}

/** Whether a text is what `encodeValue` has made of some value, but for its checksum. */
export function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

/** What is wrong with a record whose checksum is another one. */
export const NOT_AS_WRITTEN = 'is not what was written';

/** What an encoded key was made of. */
export function recordOf(key: string): { readonly collection: string; readonly namespace: string; readonly key: string } {
  const start = key.indexOf('\0') + 1;
  const end = key.indexOf('\0', start);
  return { collection: key.slice(0, start - 1), namespace: key.slice(start, end), key: key.slice(end + 1) };
}

/** The refusal of a record that can't be what its writers have put. */
export function damagedRecord(
  { name, store }: Pick<Collection, 'name' | 'store'>,
  { namespace, key }: { readonly namespace: string; readonly key: string },
  fault = 'is not of the form that its writers give it',
): HawserError {
  const where = namespace === DEFAULT_NAMESPACE ? '' : ` in the namespace ${namespace}`;
  return metadataErrors.damaged(`the record ${JSON.stringify(key)} of ${name}${where} in the ${store} store ${fault}`, {
    details: { store, collection: name, namespace, key },
    remedy: CHECK_STORE,
  });
}

/** The record under a key, read anew. */
export function readPlainly<V extends JsonValue>(pages: Pick<Pages, 'get'>, collection: Collection<V>, key: string): V | undefined {
  const text = pages.get(key);
  return text === undefined ? undefined : decodeValue(collection, key, text);
}

/** The same by way of a cache, which is the pages' own. */
export function readCached<V extends JsonValue>(
  cache: RecordCache,
  pages: Pick<Pages, 'get'>,
  collection: Collection<V>,
  key: string,
): V | undefined {
  const known = cache.get(key);
  if (known !== undefined) return known as V;
  const text = pages.get(key);
  if (text === undefined) return undefined;
  const value = decodeValue(collection, key, text);
  cache.keep(key, value, text);
  return value;
}

/** Every record of a store. */
export const ALL_KEYS: Range = { start: '\0', end: '\u{10ffff}' };

export function rangeOf(collection: Collection, range: KeyRange, namespace = DEFAULT_NAMESPACE): Range {
  const base = collectionPrefix(collection, namespace);
  if (range.prefix !== undefined) {
    const start = base + boundOf(range.prefix);
    return { start, end: pastPrefix(start) };
  }
  return {
    start: range.start === undefined ? base : base + boundOf(range.start),
    end: range.end === undefined ? pastPrefix(base) : base + boundOf(range.end),
  };
}

/** No key is as long, so that none lies between a text and what is left of it; LMDB takes no bound that is longer than it likes. */
const boundOf = (text: string): string => text.slice(0, MAX_KEY_BYTES + DERIVED_BYTES + 1).toWellFormed();
