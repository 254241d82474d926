import { dirname, resolve } from 'node:path';
import { HawserError, messageOf } from '../errors/index.ts';
import type { AnyPlugin } from '../plugin/definition.ts';
import type { PluginConfig } from '../plugin/plugin-config.ts';
import { loadPackages } from '../plugin/packages.ts';
import type { AgentConfig, ConfigFault } from './agent-config.ts';
import { type CoreStage, readCore } from './core-stage.ts';
import type { OverridesLayer } from './environment.ts';
import { configErrors } from './errors.ts';
import { invalidConfig, placed } from './faults.ts';
import { NOTHING } from './merge.ts';
import { readPlugins } from './plugin-stage.ts';
import { type ProxyFactory, proxyPlugins, withProxySettings } from './proxies.ts';
import type { Locate } from './parse-file.ts';
import type { Reading } from './read-files.ts';
import { type Environment, firstPart, type Variable, variablesIn } from './variable.ts';
import { wiringFaults } from './wiring-faults.ts';

/** Which config is read, and for which plugins. */
export interface LoadOptions {
  /** The main file; undefined: all defaults. */
  readonly file: string | undefined;
  /** The assembled plugins. */
  readonly plugins: readonly AnyPlugin[];
  /** Whether a main file that isn't there means all defaults. */
  readonly missingOk: boolean;
  /** Who makes plugins of `[proxy_plugins]`; without one such tables are faults. Called only where there are some. */
  readonly proxies?: (() => Promise<ProxyFactory>) | undefined;
  /**
   * Whether origins have lines: `always` unless told. `for_faults`: only faults and warnings do, and who has none doesn't pay
   * for the parser that finds them.
   */
  readonly lines?: 'always' | 'for_faults';
  /** Whose `HAWSER_CONFIG__…` override the files; the process's unless told. */
  readonly environment?: Environment;
  /** What the kernel is started with where that is more than what the config says: to tell all faults of the wiring. */
  readonly kernelConfig?: (config: Pick<AgentConfig, 'plugins' | 'allPlugins'>) => PluginConfig;
}

/**
 * Reads the config with its imports and the environment's overrides, loads its packages, migrates what is of an older
 * version, checks everything. Throws `config.not_found`, `config.unreadable`, `config.package_failed` and
 * `config.invalid`; the latter with all faults at once in its message and in `details.faults` (see ConfigFault), those of the
 * plugins' wiring too. Where these are the only ones it's for `boot` to tell them.
 */
export async function loadConfig(options: LoadOptions): Promise<AgentConfig> {
  if (options.lines === 'for_faults') {
    const config = await loadUnlocated(options);
    if (config !== undefined) return config;
  }
  return await load(options, await locator());
}

/** Undefined where there is something to be told that has a line. */
async function loadUnlocated(options: LoadOptions): Promise<AgentConfig | undefined> {
  try {
    const { unlocated } = await import('./parse-file.ts');
    const config = await load(options, unlocated);
    return config.warnings.length === 0 ? config : undefined;
  } catch (error) {
    if (configErrors.invalid.is(error)) return undefined;
    throw error;
  }
}

const locator = async (): Promise<Locate> => (await import('./positions.ts')).keyLines;

async function load(options: LoadOptions, locate: Locate): Promise<AgentConfig> {
  const { main, reading, core, faults: early, overrides, allPlugins, isWhole } = await readUpToPlugins(options, locate);
  const ofPlugins = overrides((first) => first === 'PLUGINS', allPlugins);
  const whole = readPlugins(core, ofPlugins.layer, allPlugins, main);
  // Without its packages a config would seem to name plugins that aren't there.
  const later = early.length > 0 && core.settings.packages.length > 0 ? [] : [...whole.faults, ...ofPlugins.faults];
  if (early.length + later.length > 0) {
    const { kernelConfig = ({ plugins }) => plugins } = options;
    const wiring = isWhole ? wiringFaults(allPlugins, kernelConfig({ plugins: whole.config, allPlugins })) : [];
    throw invalidConfig([...early, ...later, ...wiring]);
  }
  const { plugins: _, unset: __, proxy_plugins: proxied, ...settings } = core.settings;
  const { origins, table } = whole.layer;
  const warnings = [...reading.warnings, ...whole.warnings];
  return { ...settings, plugins: withProxySettings(whole.config, proxied), allPlugins, files: reading.files, origins, table, warnings };
}

/** A config up to where its plugins are known. */
interface FirstHalf {
  readonly main: string | undefined;
  readonly reading: Reading;
  readonly core: CoreStage;
  readonly faults: readonly ConfigFault[];
  readonly overrides: Overrides;
  readonly allPlugins: readonly AnyPlugin[];
  /** Whether it is known which plugins take part, whatever else is at fault. */
  readonly isWhole: boolean;
}

/** Core keys that tell which plugins take part. */
const CHOICES = new Set(['required', 'disabled', 'packages', 'proxy_plugins', 'plugins', 'unset']);

/** Reads the files and all core keys, and loads packages where there is no fault so far. */
export async function readUpToPlugins(
  { file, plugins, missingOk, proxies, environment = process.env }: LoadOptions,
  locate?: Locate,
): Promise<FirstHalf> {
  const main = file === undefined ? undefined : resolve(file);
  // Parsers are only for who reads a file: most who load this define a plugin.
  const { readMain } = await import('./read-main.ts');
  const reading = await readMain(main, missingOk, locate ?? (await locator()));
  // A newer config is refused before anything else is said of it: the rest would be guesses.
  if (reading.refused) throw invalidConfig(reading.faults);
  const overrides = await overridesIn(environment);
  const ofCore = overrides((first) => first !== 'PLUGINS', []);
  const core = readCore(reading.layers, ofCore.layer, main);
  const proxied = await proxyPlugins(core.settings.proxy_plugins, proxies);
  const misplaced = proxied.faults.map((fault) => placed(fault, core.layer, main));
  const faults = [...reading.faults, ...core.faults, ...ofCore.faults, ...misplaced];
  // Packages of a config with faults so far would only add to the confusion, and code is not loaded on a guess.
  const loaded = faults.length > 0 ? [] : await packages(core.settings.packages, main);
  const isLoaded = loaded.length > 0 || core.settings.packages.length === 0;
  const isWhole = isLoaded && reading.faults.length === 0 && !faults.some(({ key }) => CHOICES.has(key.split(/[.[]/, 1)[0] ?? key));
  return { main, reading, core, faults, overrides, allPlugins: [...plugins, ...loaded, ...proxied.plugins], isWhole };
}

type Overrides = (wanted: (first: string) => boolean, plugins: readonly AnyPlugin[]) => OverridesLayer;

/** The environment's overrides; who has none doesn't pay for reading them. */
async function overridesIn(environment: Environment): Promise<Overrides> {
  const variables: readonly Variable[] = variablesIn(environment);
  if (variables.length === 0) return () => ({ layer: NOTHING, faults: [] });
  const { environmentLayer } = await import('./environment.ts');
  return (wanted, plugins) =>
    environmentLayer(
      variables.filter((variable) => wanted(firstPart(variable))),
      plugins,
    );
}

/** Packages may be installed beside the config or beside the agent. */
async function packages(names: readonly string[], main: string | undefined): Promise<readonly AnyPlugin[]> {
  if (names.length === 0) return [];
  try {
    return await loadPackages(names, main === undefined ? process.cwd() : dirname(main));
  } catch (thrown) {
    const remedy = thrown instanceof HawserError ? { remedy: thrown.remedy } : {};
    throw configErrors.packageFailed(messageOf(thrown), { cause: thrown, ...remedy });
  }
}
