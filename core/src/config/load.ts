import { dirname, resolve } from 'node:path';
import type { JsonObject } from '../json.ts';
import type { AnyPlugin } from '../plugin/definition.ts';
import { loadPackages } from '../plugin/packages.ts';
import type { AgentConfig, ConfigFault } from './agent-config.ts';
import { CONFIG_VERSION, type CoreSettings, coreKeys } from './core-keys.ts';
import { configErrors } from './errors.ts';
import { checkTable, invalidConfig, type PlainFault, placed } from './faults.ts';
import { isTable } from './merge.ts';
import { checkPlugins } from './plugin-settings.ts';

/** Which config is read, and for which plugins. */
export interface LoadOptions {
  /** The main file; undefined: all defaults. */
  readonly file: string | undefined;
  /** The assembled plugins. */
  readonly plugins: readonly AnyPlugin[];
  /** Whether a main file that isn't there means all defaults. */
  readonly missingOk: boolean;
}

/**
 * Reads the config with its imports, loads its packages, checks everything. Throws `config.not_found`,
 * `config.unreadable`, `config.package_failed` and `config.invalid`; the latter with all faults at once in its message and
 * in `details.faults` (see ConfigFault).
 */
export async function loadConfig(options: LoadOptions): Promise<AgentConfig> {
  const main = options.file === undefined ? undefined : resolve(options.file);
  // Parsers are only for who reads a file: most who load this define a plugin.
  const [{ readMain }, { keyLines }] = await Promise.all([import('./read-main.ts'), import('./positions.ts')]);
  const reading = await readMain(main, options.missingOk, keyLines);
  const { layer } = reading;
  const tell = (fault: PlainFault): ConfigFault => placed(fault, layer, main);
  const version = versionFault(layer.table);
  if (version !== undefined) throw invalidConfig([...reading.faults, tell(version)]);
  const core = checkCore(layer.table);
  // Packages of a config with syntax faults would only add to the confusion, and code is not loaded on a guess.
  const early = [...reading.faults, ...core.faults.map(tell)];
  const loaded = early.length > 0 ? [] : await packages(core.settings.packages, main);
  const allPlugins = [...options.plugins, ...loaded];
  const checked = checkPlugins(allPlugins, { ...core.settings, tables: tablesOf(layer.table) });
  // Without its packages a config would seem to name plugins that aren't there.
  const later = early.length > 0 && core.settings.packages.length > 0 ? [] : checked.faults;
  const faults = [...early, ...later.map(tell)];
  if (faults.length > 0) throw invalidConfig(faults);
  const { plugins: _, ...settings } = core.settings;
  return { ...settings, plugins: checked.config, allPlugins, files: reading.files, origins: layer.origins, table: layer.table };
}

/** A newer config is refused before anything else is said of it: the rest would be guesses. */
function versionFault({ version }: JsonObject): PlainFault | undefined {
  if (typeof version !== 'number' || version <= CONFIG_VERSION) return undefined;
  return { path: ['version'], message: `${version} is newer than this agent knows (${CONFIG_VERSION}); run a newer agent` };
}

/** The core keys, and their faults; where a key is at fault its default stands in, so that the search can go on. */
function checkCore(table: JsonObject): { readonly settings: CoreSettings; readonly faults: readonly PlainFault[] } {
  const { faults } = checkTable(coreKeys, table, []);
  const sound = Object.entries(table).filter(([key]) => !faults.some(({ path }) => path[0] === key));
  const settings = coreKeys.parse(Object.fromEntries(sound));
  if (resolve(settings.root) !== resolve(settings.state)) return { settings, faults };
  const same: PlainFault = { path: ['state'], message: `is the same folder as root (${settings.root}); they must differ` };
  return { settings, faults: [...faults, same] };
}

/** The tables of plugins that are tables; what else stands there is a fault of the core keys. */
function tablesOf({ plugins }: JsonObject): Readonly<Record<string, JsonObject>> {
  if (!isTable(plugins)) return {};
  return Object.fromEntries(Object.entries(plugins).flatMap(([uri, table]) => (isTable(table) ? [[uri, table]] : [])));
}

/** Packages may be installed beside the config or beside the agent. */
async function packages(names: readonly string[], main: string | undefined): Promise<readonly AnyPlugin[]> {
  if (names.length === 0) return [];
  try {
    return await loadPackages(names, main === undefined ? process.cwd() : dirname(main));
  } catch (thrown) {
    throw configErrors.packageFailed(thrown instanceof Error ? thrown.message : String(thrown), { cause: thrown });
  }
}
