import type { AnyPlugin } from '../plugin/definition.ts';
import type { PluginConfig } from '../plugin/plugin-config.ts';
import type { ConfigFault, ConfigWarning } from './agent-config.ts';
import { compose } from './compose.ts';
import { wholeShape } from './config-shape.ts';
import type { CoreStage } from './core-stage.ts';
import { type PlainFault, placed } from './faults.ts';
import { type Layer, pluginTables } from './merge.ts';
import { migrateTables } from './migrate-tables.ts';
import { checkPlugins } from './plugin-settings.ts';
import { missingFaults } from './unset-faults.ts';

/** The whole config, tables of plugins included. */
export interface PluginStage {
  readonly layer: Layer;
  readonly config: PluginConfig;
  readonly warnings: readonly ConfigWarning[];
  readonly faults: readonly ConfigFault[];
}

/** Brings each file's tables to today's versions, lays everything over each other, and checks the result. */
export function readPlugins(core: CoreStage, environment: Layer, plugins: readonly AnyPlugin[], main: string | undefined): PluginStage {
  const files = core.files.map((file) => migrateTables(file, plugins));
  const composed = compose([...files.map(({ layer }) => layer), core.environment, environment]);
  const { layer, missing } = composed;
  const checked = checkPlugins(plugins, { ...core.settings, tables: pluginTables(layer.table) });
  const refused = new Map(files.flatMap((file) => [...file.refused]));
  const from = new Map(files.flatMap((file) => [...file.from]));
  /** Who wrote the table may not find there what is wrong with what it has become. */
  const ofMigrated = (fault: PlainFault): PlainFault => {
    const version = from.get(String(fault.path[1]));
    if (fault.path[0] !== 'plugins' || version === undefined) return fault;
    return { ...fault, message: `${fault.message} (after the migration of its table from version ${version})` };
  };
  const isJudged = ({ path: [key, uri] }: PlainFault) => key !== 'plugins' || typeof uri !== 'string' || !refused.has(uri);
  return {
    layer,
    config: checked.config,
    warnings: files.flatMap(({ warnings }) => warnings),
    faults: [
      ...files.flatMap((file) => [...file.refused.values()]),
      ...(missing.length === 0 ? [] : missingFaults(composed, wholeShape(plugins))),
      ...checked.faults.filter(isJudged).map((fault) => placed(ofMigrated(fault), layer, main)),
    ],
  };
}
