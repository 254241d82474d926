import type { JsonObject } from '../json.ts';
import type { AnyPlugin } from '../plugin/definition.ts';
import { uriOf } from '../plugin/uri.ts';
import type { ConfigFault, ConfigWarning } from './agent-config.ts';
import { type FileLayer, lineOf, MIGRATE, tableVersion } from './file-layer.ts';
import { dotted } from './key-path.ts';
import { isTable, type Layer, pluginTables } from './merge.ts';
import { carryOrigins, historyOf, migrate, TABLE_VERSION } from './migrate.ts';

/** What has become of one file's tables. */
export interface MigratedTables {
  readonly layer: Layer;
  /** URIs of the tables that had an older version, and which. */
  readonly from: ReadonlyMap<string, number>;
  readonly warnings: readonly ConfigWarning[];
  /** Tables of a version that can't be read, by URI: nothing more can be said of these. */
  readonly refused: ReadonlyMap<string, ConfigFault>;
}

/** Brings the tables that one file has of these plugins to the versions that the plugins read, and takes the versions out of them. */
export function migrateTables(file: FileLayer, plugins: readonly AnyPlugin[]): MigratedTables {
  const tables = pluginTables(file.table);
  const from = new Map<string, number>();
  const warnings: ConfigWarning[] = [];
  const refused = new Map<string, ConfigFault>();
  let layer: Layer = file;
  for (const plugin of plugins) {
    const uri = uriOf(plugin);
    const table = Object.hasOwn(tables, uri) ? tables[uri] : undefined;
    if (table === undefined) continue;
    const place = placeOf(file, uri);
    const version = tableVersion(file, uri);
    const { current, migrations } = historyOf(plugin);
    if (version === undefined) refused.set(uri, { ...place, message: 'expected an integer from 1' });
    if (version === undefined || (version === current && !Object.hasOwn(table, TABLE_VERSION))) continue;
    const { [TABLE_VERSION]: _, ...settings } = table;
    const outcome = migrate({ current, migrations }, version, settings);
    if ('fault' in outcome) {
      refused.set(uri, { ...place, message: outcome.fault });
      continue;
    }
    layer = withTable(layer, uri, outcome.table);
    if (version === current) continue;
    from.set(uri, version);
    warnings.push({ ...place, message: `is ${version}, and was read as today's ${current}`, remedy: MIGRATE });
  }
  return { layer, from, warnings, refused };
}

function placeOf(file: FileLayer, uri: string): Pick<ConfigWarning, 'file' | 'line' | 'key'> {
  const [table, version] = [dotted(['plugins', uri]), dotted(['plugins', uri, TABLE_VERSION])];
  const { line = lineOf(file, table).line } = lineOf(file, version);
  return { file: file.file, ...(line === undefined ? {} : { line }), key: version };
}

/** A layer with another table for a plugin that has one. */
function withTable(layer: Layer, uri: string, settings: JsonObject): Layer {
  const { plugins } = layer.table;
  const table = { ...layer.table, plugins: { ...(isTable(plugins) ? plugins : {}), [uri]: settings } };
  return { table, origins: carryOrigins(layer, table) };
}
