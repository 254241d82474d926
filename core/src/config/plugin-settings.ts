import { messageOf } from '../errors/index.ts';
import type { JsonObject } from '../json.ts';
import type { AnyPlugin } from '../plugin/definition.ts';
import { nearest } from '../plugin/nearest.ts';
import type { PluginConfig } from '../plugin/plugin-config.ts';
import { uriOf } from '../plugin/uri.ts';
import { checkTable, invalidConfig, type PlainFault, placed } from './faults.ts';

/** What a config file says of plugins, as a value. */
export interface PluginTables {
  /** URI → table as a file would have it. */
  readonly tables?: Readonly<Record<string, JsonObject>>;
  readonly required?: readonly string[];
  readonly disabled?: readonly string[];
}

/**
 * The kernel's part of a config from tables instead of a file, for embedders and tests: validated as a file is, with
 * defaults. Throws `config.invalid`.
 */
export function pluginConfig(plugins: readonly AnyPlugin[], given: PluginTables = {}): PluginConfig {
  const { config, faults } = checkPlugins(plugins, given);
  const table: JsonObject = { plugins: given.tables ?? {} };
  if (faults.length > 0) throw invalidConfig(faults.map((fault) => placed(fault, { table, origins: new Map() }, undefined)));
  return config;
}

/** Checks every plugin's table, and every URI that is named, finding all faults. */
export function checkPlugins(plugins: readonly AnyPlugin[], given: PluginTables): { config: PluginConfig; faults: readonly PlainFault[] } {
  const { tables = {}, required = [], disabled = [] } = given;
  const known = plugins.map(uriOf);
  const settings = new Map<string, unknown>();
  const names = {
    required: required.map((uri, index) => nameOf(['required', index], uri, known)),
    disabled: disabled.map((uri, index) => nameOf(['disabled', index], uri, known)),
    configured: Object.keys(tables).map((uri) => nameOf(['plugins', uri], uri, known)),
  };
  // A misspelt name is a fault. What else is at fault is told as if it were the name that was meant.
  const meant = (list: readonly Name[]) => new Set(list.map((name) => name.meant));
  const config = { settings, configured: meant(names.configured), disabled: meant(names.disabled), required: meant(names.required) };
  const faults = Object.values(names).flatMap((list) => list.flatMap(({ fault }) => fault ?? []));
  for (const plugin of plugins) {
    const uri = uriOf(plugin);
    const table = Object.hasOwn(tables, uri) ? tables[uri] : undefined;
    const off = config.disabled.has(uri) || (plugin.enabled === 'configured' && table === undefined);
    if (off && table === undefined) continue;
    const checked = checkPlugin(plugin, table ?? {});
    faults.push(...checked.faults);
    settings.set(uri, checked.settings);
  }
  return { config, faults };
}

function checkPlugin(plugin: AnyPlugin, table: JsonObject): ReturnType<typeof checkTable> {
  const at = ['plugins', uriOf(plugin)];
  try {
    if (plugin.config !== undefined) return checkTable(plugin.config, table, at);
  } catch (thrown) {
    // Schemas are their author's code: a transform may throw, a refinement be asynchronous.
    const message = `can't be checked, which is a defect of this plugin: ${messageOf(thrown)}`;
    return { faults: [{ path: at, message }], settings: undefined };
  }
  const faults = Object.keys(table).map((key) => ({ path: [...at, key], message: `is unknown; plugin '${plugin.id}' takes no settings` }));
  return { faults, settings: {} };
}

/** A URI that a config names. */
interface Name {
  /** The known one that is nearest, for one that is not known. */
  readonly meant: string;
  readonly fault?: PlainFault;
}

function nameOf(path: PlainFault['path'], uri: string, known: readonly string[]): Name {
  if (known.includes(uri)) return { meant: uri };
  const near = nearest(uri, known);
  const fault = {
    path,
    message: `names no plugin of this agent (${JSON.stringify(uri)})`,
    ...(near === undefined ? {} : { suggestion: near }),
  };
  return { meant: near ?? uri, fault };
}
