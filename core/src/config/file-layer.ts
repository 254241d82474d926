import type { JsonObject } from '../json.ts';
import type { ConfigFault, ConfigWarning } from './agent-config.ts';
import { CONFIG_VERSION, coreHistory } from './core-history.ts';
import { own, type Layer, pluginTables } from './merge.ts';
import { carryOrigins, migrate, TABLE_VERSION, versionOf } from './migrate.ts';
import type { ParsedFile } from './parse-file.ts';

/** What one file says, its core keys and the names of its tables in today's shape. */
export interface FileLayer extends Layer {
  readonly file: string;
  /** As it stands on the disk. */
  readonly text: string;
  /** What `text` says. */
  readonly written: JsonObject;
  /** The version that it was written for: its own word, else its importer's, else 1. */
  readonly version: number;
  /** Whose import it is; absent for the main file. */
  readonly importer?: FileLayer;
}

/** How `hawser config migrate` is recommended. */
export const MIGRATE = 'Run `hawser config migrate --write`, which keeps comments.';

/** What a file's reading has come to. */
export type Raised =
  | { readonly layer: FileLayer; readonly warnings: readonly ConfigWarning[] }
  /** No further word of it can be trusted. */
  | { readonly fault: ConfigFault };

/** Brings a file's core keys to this release's version. */
export function raiseFile(file: string, parsed: ParsedFile, importer: FileLayer | undefined): Raised {
  const { table: written, origins, text } = parsed;
  // A version that is none is told when the keys of each file are checked.
  const version = versionOf(written, 'version', importer?.version ?? 1) ?? CONFIG_VERSION;
  const base = { file, text, written, version, ...(importer === undefined ? {} : { importer }) };
  if (version === CONFIG_VERSION) return { layer: { ...base, table: written, origins }, warnings: [] };
  const place = { file, ...lineOf(parsed, 'version'), key: 'version' };
  const outcome = migrate(coreHistory, version, written);
  if ('fault' in outcome) return { fault: { ...place, message: outcome.fault } };
  const table = { ...outcome.table, version: CONFIG_VERSION };
  const warning = { ...place, message: `is ${version}, and was read as today's ${CONFIG_VERSION}`, remedy: MIGRATE };
  return { layer: { ...base, table, origins: carryOrigins(parsed, table) }, warnings: [warning] };
}

/** The version of a plugin's table in a file: its own word, else that of the same table in the file that imports it, else 1. */
export function tableVersion(layer: FileLayer, uri: string): number | undefined {
  const { [uri]: table } = pluginTables(layer.table);
  const value = table === undefined ? undefined : own(table, TABLE_VERSION);
  if (table !== undefined && value !== undefined) return versionOf(table, TABLE_VERSION, 1);
  return layer.importer === undefined ? 1 : tableVersion(layer.importer, uri);
}

/** The line of a key, where the file has one. */
export function lineOf({ origins }: Layer, key: string): { readonly line?: number } {
  const origin = origins.get(key);
  return origin !== undefined && 'line' in origin ? { line: origin.line } : {};
}
