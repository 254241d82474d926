import type { JsonObject, JsonValue } from '../json.ts';
import { CONFIG_VERSION } from './core-history.ts';
import { invalidConfig } from './faults.ts';
import type { FileLayer } from './file-layer.ts';
import { dotted } from './key-path.ts';
import { type LoadOptions, readUpToPlugins } from './load.ts';
import { isTable, own, pluginTables } from './merge.ts';
import { historyOf, TABLE_VERSION } from './migrate.ts';
import { migrateTables, type MigratedTables } from './migrate-tables.ts';
import { uriOf } from '../plugin/uri.ts';
import type { AnyPlugin } from '../plugin/definition.ts';

/** What migrating one file of a config changes. */
export interface FileMigration {
  /** Absolute. */
  readonly file: string;
  /** Versions that rise: `version`, or the `config_version` of a plugin's table, as dotted keys. */
  readonly raised: readonly { readonly key: string; readonly from: number; readonly to: number }[];
  /** What the file has said so far. */
  readonly before: string;
  /** What it is to say. */
  readonly after: string;
  /** False where the text had to be written anew, which loses comments and order. */
  readonly commentsKept: boolean;
}

/**
 * What it takes to bring a config's files to the versions that this agent reads; none: nothing is old. Writes nothing.
 * Throws as `loadConfig` does for what is wrong with the files and their core keys; settings of plugins are not checked.
 */
export async function migrateConfig(options: LoadOptions): Promise<readonly FileMigration[]> {
  const { reading, faults, allPlugins } = await readUpToPlugins(options);
  const migrated = reading.layers.map((file) => ({ file, tables: migrateTables(file, allPlugins) }));
  const refused = migrated.flatMap(({ tables }) => [...tables.refused.values()]);
  if (faults.length + refused.length > 0) throw invalidConfig([...faults, ...refused]);
  // The editor is only for who migrates: every agent loads the rest.
  const { editToml } = await import('./edit-toml.ts');
  return migrated.flatMap(({ file, tables }) => {
    const raised = raisedIn(file, tables, allPlugins);
    if (raised.length === 0) return [];
    const { text, commentsKept } = editToml(file.text, file.written, withVersions(file, tables, allPlugins));
    return [{ file: file.file, raised, before: file.text, after: text, commentsKept }];
  });
}

function raisedIn({ version }: FileLayer, { from }: MigratedTables, plugins: readonly AnyPlugin[]): FileMigration['raised'] {
  const core = version === CONFIG_VERSION ? [] : [{ key: 'version', from: version, to: CONFIG_VERSION }];
  const tables = plugins.flatMap((plugin) => {
    const uri = uriOf(plugin);
    const old = from.get(uri);
    return old === undefined ? [] : [{ key: dotted(['plugins', uri, TABLE_VERSION]), from: old, to: historyOf(plugin).current }];
  });
  return [...core, ...tables];
}

/** The migrated content with today's version in each table that was old or said which it has. */
function withVersions(file: FileLayer, { layer, from }: MigratedTables, plugins: readonly AnyPlugin[]): JsonObject {
  const was = pluginTables(file.table);
  const versions = new Map(plugins.map((plugin) => [uriOf(plugin), historyOf(plugin).current]));
  const { plugins: tables } = layer.table;
  if (!isTable(tables)) return layer.table;
  const entries = Object.entries(tables).map(([uri, table]): readonly [string, JsonValue | undefined] => {
    const former = own(was, uri);
    const said = isTable(former) && Object.hasOwn(former, TABLE_VERSION);
    const current = versions.get(uri);
    const wanted = isTable(table) && current !== undefined && (from.has(uri) || said);
    return [uri, wanted ? { [TABLE_VERSION]: current, ...table } : table];
  });
  return { ...layer.table, plugins: Object.fromEntries(entries) };
}
