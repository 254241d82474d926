import { messageOf } from '../errors/index.ts';
import type { JsonObject, JsonValue } from '../json.ts';
import type { AnyPlugin, ConfigMigration } from '../plugin/definition.ts';
import type { Origin } from './agent-config.ts';
import { dotted, type KeyPath } from './key-path.ts';
import { isList, isTable, type Layer, own } from './merge.ts';

/** The versions of one table's shape. */
export interface History {
  /** The newest, which is read without more ado. */
  readonly current: number;
  /** Version → how it becomes the next. */
  readonly migrations: Readonly<Record<number, ConfigMigration>>;
}

/** The key by which a plugin's table says its version. */
export const TABLE_VERSION = 'config_version';

/** The versions of a plugin's table. */
export function historyOf({ configVersion = 1, configMigrations = {} }: AnyPlugin): History {
  return { current: configVersion, migrations: configMigrations };
}

/** The version that a table says it has, else the given one; undefined where it says something that is no version. */
export function versionOf(table: JsonObject, key: string, otherwise: number): number | undefined {
  const value = own(table, key);
  if (value === undefined) return otherwise;
  return typeof value === 'number' && Number.isSafeInteger(value) && value >= 1 ? value : undefined;
}

/** What became of a table, or one sentence's predicate that says why nothing did. */
export type Migrated = { readonly table: JsonObject } | { readonly fault: string };

/** Takes a table through every version from its own to the current one. Never throws, whatever a migration does. */
export function migrate({ current, migrations }: History, from: number, table: JsonObject): Migrated {
  if (from > current) return { fault: `${from} is newer than this agent knows (${current}); run a newer agent` };
  let at: JsonObject = table;
  for (let version = from; version < current; version++) {
    const step = migrations[version];
    if (step === undefined) return { fault: `${from} is older than this agent can read; migrate the file with an earlier release first` };
    try {
      at = asTable(step(structuredClone(at)));
    } catch (thrown) {
      return { fault: `${from} can't be migrated to ${current}: the step from ${version} failed: ${messageOf(thrown)}` };
    }
  }
  return { table: at };
}

/** Migrations are code of plugins' authors, and JSON is what stands for a file. */
function asTable(value: unknown): JsonObject {
  const table = JSON.parse(JSON.stringify(value) ?? 'null') as JsonValue;
  if (!isTable(table)) throw new Error('it made no table');
  return table;
}

/**
 * The origins of a table that a migration has made from another one: a value keeps its own, one under a new name has that of an equal
 * value that is gone, any other that of what it stands in.
 */
export function carryOrigins(before: Layer, table: JsonObject, at: KeyPath = []): ReadonlyMap<string, Origin> {
  const origins = new Map(before.origins);
  const old = new Map(valuesIn(before.table, at).map(([path, value]) => [dotted(path), value]));
  const now = valuesIn(table, at);
  const kept = new Set(now.map(([path]) => dotted(path)));
  const gone = new Map<string, string>();
  for (const [key, value] of old) {
    if (kept.has(key)) continue;
    origins.delete(key);
    const text = JSON.stringify(value);
    if (!gone.has(text)) gone.set(text, key);
  }
  for (const [path, value] of now) {
    const key = dotted(path);
    if (origins.has(key)) continue;
    const former = gone.get(JSON.stringify(value));
    const origin = (former === undefined ? undefined : before.origins.get(former)) ?? origins.get(dotted(path.slice(0, -1)));
    if (origin !== undefined) origins.set(key, origin);
  }
  return origins;
}

/** All values with their paths, outer ones first. */
function valuesIn(value: JsonValue | undefined, path: KeyPath): readonly (readonly [KeyPath, JsonValue])[] {
  const entries: readonly (readonly [string | number, JsonValue | undefined])[] = isList(value)
    ? value.map((element, index) => [index, element] as const)
    : isTable(value)
      ? Object.entries(value)
      : [];
  return entries.flatMap(([key, inner]) =>
    inner === undefined ? [] : [[[...path, key], inner] as const, ...valuesIn(inner, [...path, key])],
  );
}
