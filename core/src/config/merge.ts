import { isJsonObject, type JsonObject, type JsonValue } from '../json.ts';
import type { Origin } from './agent-config.ts';
import { dotted, type KeyPath } from './key-path.ts';

/** What one file says, or the environment, or several laid over each other. */
export interface Layer {
  readonly table: JsonObject;
  /** Dotted key path → where it is written. */
  readonly origins: ReadonlyMap<string, Origin>;
}

/** A layer that says nothing. */
export const NOTHING: Layer = { table: {}, origins: new Map() };

/**
 * Lays `over` over `base`: tables are merged key by key, everything else is replaced with its origins. Lists too, and
 * a value that is 0, false, "" or [] replaces like any other.
 */
export function mergeLayers(base: Layer, over: Layer): Layer {
  const replaced = new Set<string>();
  const table = mergeTables(base.table, over.table, [], replaced);
  const origins = forget(base.origins, replaced);
  for (const [key, origin] of over.origins) origins.set(key, origin);
  return { table, origins };
}

function mergeTables(base: JsonObject, over: JsonObject, path: KeyPath, replaced: Set<string>): JsonObject {
  const merged: Record<string, JsonValue | undefined> = { ...base };
  for (const [key, value] of Object.entries(over)) {
    const below = own(base, key);
    if (isTable(below) && isTable(value)) merged[key] = mergeTables(below, value, [...path, key], replaced);
    else {
      if (typeof below === 'object') replaced.add(dotted([...path, key]));
      merged[key] = value;
    }
  }
  return merged;
}

/**
 * A layer without what stands at a path, and whether anything stood there. In a list of texts the last part names the
 * element: `required."hawser.mode.v1.bridge"`.
 */
export function removeAt({ table, origins }: Layer, path: readonly string[]): { readonly layer: Layer; readonly found: boolean } {
  const left = without(table, path);
  if (left === undefined || !isTable(left)) return { layer: { table, origins }, found: false };
  // The lines of a list's elements are those of other elements now; the list itself still stands where it stood.
  const listAt = path.findIndex((_, index) => isList(valueAt(table, path.slice(0, index))));
  const list = listAt === -1 ? undefined : dotted(path.slice(0, listAt));
  const origin = list === undefined ? undefined : origins.get(list);
  const rest = forget(origins, new Set([list ?? dotted(path)]));
  if (list !== undefined && origin !== undefined) rest.set(list, origin);
  return { layer: { table: left, origins: rest }, found: true };
}

function without(value: JsonValue | undefined, [key, ...rest]: readonly string[]): JsonValue | undefined {
  if (key === undefined) return undefined;
  if (isList(value)) return rest.length === 0 && value.includes(key) ? value.filter((element) => element !== key) : undefined;
  if (!isTable(value) || !Object.hasOwn(value, key)) return undefined;
  const { [key]: inner, ...others } = value;
  if (rest.length === 0) return others;
  const left = without(inner, rest);
  return left === undefined ? undefined : { ...value, [key]: left };
}

/** What stands at a path. */
export function valueAt(table: JsonObject, path: KeyPath): JsonValue | undefined {
  let value: JsonValue | undefined = table;
  for (const key of path) {
    if (isList(value) && typeof key === 'number') value = value[key];
    else if (isTable(value) && typeof key === 'string') value = own(value, key);
    else return undefined;
  }
  return value;
}

/** A table's own value of a key, whatever objects inherit. */
export function own(table: JsonObject, key: string): JsonValue | undefined {
  return Object.hasOwn(table, key) ? table[key] : undefined;
}

/** The tables of plugins that are tables, of a config's table. */
export function pluginTables(table: JsonObject): Readonly<Record<string, JsonObject>> {
  const plugins = own(table, 'plugins');
  if (!isTable(plugins)) return {};
  return Object.fromEntries(Object.entries(plugins).flatMap(([uri, one]) => (isTable(one) ? [[uri, one]] : [])));
}

/** Whether a value is a table rather than a list or a plain value. */
export const isTable = (value: JsonValue | undefined): value is JsonObject => isJsonObject(value);

/** Array.isArray, for lists that are not to be changed. */
export function isList(value: JsonValue | undefined): value is readonly JsonValue[] {
  return Array.isArray(value);
}

/** Origins without those of some paths and of what stands below them. */
function forget(origins: ReadonlyMap<string, Origin>, paths: ReadonlySet<string>): Map<string, Origin> {
  if (paths.size === 0) return new Map(origins);
  return new Map([...origins].filter(([key]) => !isBelow(key, paths)));
}

function isBelow(key: string, paths: ReadonlySet<string>): boolean {
  if (paths.has(key)) return true;
  for (let end = key.length - 1; end > 0; end--) {
    if ((key[end] === '.' || key[end] === '[') && paths.has(key.slice(0, end))) return true;
  }
  return false;
}
