/**
 * How keys and values lie in the file.
 *
 * ```
 * <collection> 00 <namespace> 00 <key>  →  JSON, UTF-8
 * _store       00             00 schema →  {"version":1}
 * ```
 *
 * Bytes sort as UTF-8 does. Collections and namespaces hold no zero byte, keys may.
 */
import type { JsonValue } from '../json.ts';
import { metadataErrors } from './errors.ts';
import { checkIdentifier } from './identifiers.ts';
import { type Collection, DEFAULT_NAMESPACE, type KeyRange } from './store.ts';

/** LMDB takes 1,978 bytes; collection and namespace want some of them. */
const MAX_KEY_BYTES = 1024;
/** What a derived key may have beside the key that it stands for. */
const DERIVED_BYTES = 32;
const MAX_VALUE_BYTES = 1024 * 1024;

const COLLECTION_NAME = /^[a-z][a-z0-9_.]{0,63}$/;

/** No byte of UTF-8 is above this one. */
const PAST_ALL = Buffer.of(0xff);

/** The record that carries the store's schema version; no collection can have this name. */
export const SCHEMA_KEY: Buffer = Buffer.from('_store\0\0schema');

export function encodeKey(collection: Collection, key: string, namespace = DEFAULT_NAMESPACE): Buffer {
  if (key === '' || !key.isWellFormed())
    throw metadataErrors.invalidKey(`a key of ${collection.name} is ${key === '' ? 'empty' : 'not well-formed Unicode'}`);
  const bytes = Buffer.byteLength(key);
  if (bytes > MAX_KEY_BYTES + (collection.derived === true ? DERIVED_BYTES : 0)) {
    throw metadataErrors.keyTooLong(`a key of ${collection.name} has ${bytes} bytes`, { details: { collection: collection.name, bytes } });
  }
  return Buffer.from(prefixOf(collection, namespace).text + key);
}

interface Prefix {
  readonly text: string;
  readonly bytes: Buffer;
}

/** By namespace and collection, because every key needs its own. */
const prefixes = new Map<string, Map<string, Prefix>>();
/** Namespaces come and go: when there have been so many, they are made anew. */
const MOST_NAMESPACES = 1_000;

function prefixOf({ name }: Pick<Collection, 'name'>, namespace: string): Prefix {
  const known = prefixes.get(namespace)?.get(name);
  if (known !== undefined) return known;
  if (!COLLECTION_NAME.test(name)) throw metadataErrors.invalidName(`'${name}' is no name for a collection`);
  checkIdentifier(namespace, 'a namespace', metadataErrors.invalidNamespace);
  const text = `${name}\0${namespace}\0`;
  const prefix = { text, bytes: Buffer.from(text) };
  if (prefixes.size >= MOST_NAMESPACES) prefixes.clear();
  const ofNamespace = prefixes.get(namespace) ?? new Map<string, Prefix>();
  prefixes.set(namespace, ofNamespace.set(name, prefix));
  return prefix;
}

/** What all keys of a collection start with. */
export const collectionPrefix = (collection: Pick<Collection, 'name'>, namespace = DEFAULT_NAMESPACE): Buffer =>
  prefixOf(collection, namespace).bytes;

/** The key behind the collection's prefix. */
export const decodeKey = (bytes: Buffer, prefixLength: number): string => bytes.toString('utf8', prefixLength);

export function encodeValue(collection: Collection, value: JsonValue): Buffer {
  // The type says that it is one; a caller without types may still pass undefined or a function.
  const text: string | undefined = JSON.stringify(value);
  if (text === undefined) throw metadataErrors.invalidValue(`a value of ${collection.name} is not JSON`);
  const bytes = Buffer.from(text);
  if (bytes.length > MAX_VALUE_BYTES) {
    throw metadataErrors.valueTooLarge(`a value of ${collection.name} has ${bytes.length} bytes`, {
      details: { collection: collection.name, bytes: bytes.length },
    });
  }
  return bytes;
}

/** What was stored under a key of the collection; its type is what the collection's writers put. `metadata.damaged` where it is no JSON. */
export function decodeValue<V extends JsonValue>(collection: Collection<V>, bytes: Buffer): V {
  try {
    return JSON.parse(bytes.toString('utf8')) as V;
  } catch (cause) {
    throw metadataErrors.damaged(`a record of ${collection.name} in the ${collection.store} store is not JSON`, {
      cause,
      remedy: 'Check the store with `hawser db check`, and restore a backup with `hawser db restore FILE`.',
    });
  }
}

/** A scan's bounds as bytes: from `start` on, up to but without `end`. */
export interface ByteRange {
  readonly start: Buffer;
  readonly end: Buffer;
}

export function byteRange(collection: Collection, range: KeyRange, namespace = DEFAULT_NAMESPACE): ByteRange {
  const { text, bytes: base } = prefixOf(collection, namespace);
  if (range.prefix !== undefined) {
    const start = Buffer.from(text + range.prefix);
    return { start, end: Buffer.concat([start, PAST_ALL]) };
  }
  return {
    start: range.start === undefined ? base : Buffer.from(text + range.start),
    end: range.end === undefined ? Buffer.concat([base, PAST_ALL]) : Buffer.from(text + range.end),
  };
}
