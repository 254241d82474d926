import type { JsonObject, JsonValue } from '../json.ts';
import type { Origin } from './agent-config.ts';
import { dotted, type KeyPath } from './key-path.ts';

/** One file's content, or several laid over each other. */
export interface Layer {
  readonly table: JsonObject;
  /** Dotted key path → where it is written. */
  readonly origins: ReadonlyMap<string, Origin>;
}

/** Lays `over` over `base`: tables are merged key by key, everything else, lists too, is replaced with its origins. */
export function mergeLayers(base: Layer, over: Layer): Layer {
  const origins = new Map(base.origins);
  const table = mergeTables(base.table, over.table, [], origins);
  for (const [key, origin] of over.origins) origins.set(key, origin);
  return { table, origins };
}

function mergeTables(base: JsonObject, over: JsonObject, path: KeyPath, origins: Map<string, Origin>): JsonObject {
  const merged: Record<string, JsonValue | undefined> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = Object.hasOwn(base, key) ? base[key] : undefined;
    if (isTable(below) && isTable(value)) merged[key] = mergeTables(below, value, [...path, key], origins);
    else {
      if (typeof below === 'object') forget(origins, dotted([...path, key]));
      merged[key] = value;
    }
  }
  return merged;
}

/** Whether a value is a table rather than a list or a plain value. */
export function isTable(value: JsonValue | undefined): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Array.isArray, for lists that are not to be changed. */
export function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

function forget(origins: Map<string, Origin>, key: string): void {
  for (const known of origins.keys()) {
    if (known === key || known.startsWith(`${key}.`) || known.startsWith(`${key}[`)) origins.delete(known);
  }
}
