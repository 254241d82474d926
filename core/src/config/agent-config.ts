import type { JsonObject } from '../json.ts';
import type { AnyPlugin } from '../plugin/definition.ts';
import type { PluginConfig } from '../plugin/plugin-config.ts';

/** Where a value of the config stands: in a file, or in a variable of the environment. */
export type Origin = FileOrigin | VariableOrigin;

/** A line of a file. */
export interface FileOrigin {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** A variable of the environment. */
export interface VariableOrigin {
  readonly variable: string;
}

/** The config of one agent, checked, with defaults. */
export interface AgentConfig {
  /** Always the version that this release writes: older files have been migrated in memory. */
  readonly version: number;
  /** Folder of what outlives a reboot. */
  readonly root: string;
  /** Folder of what the kernel forgets in a reboot too. */
  readonly state: string;
  /** As the main file has them: globs, relative to it. */
  readonly imports: readonly string[];
  readonly required: readonly string[];
  readonly disabled: readonly string[];
  readonly packages: readonly string[];
  /** Who may talk to the agent. */
  readonly api: { readonly uids: readonly number[]; readonly gids: readonly number[]; readonly reader_uids: readonly number[] };
  /** For `boot`. */
  readonly plugins: PluginConfig;
  /** The assembled plugins and those that `packages` has added: what `boot` is to start. */
  readonly allPlugins: readonly AnyPlugin[];
  /** Absolute paths of the files read, in the order in which they were laid over each other; none: all defaults. */
  readonly files: readonly string[];
  /** Dotted key path (`plugins."hawser.ipam.v1.range".ranges`) → where its value was written. Defaults have none. */
  readonly origins: ReadonlyMap<string, Origin>;
  /** What files and environment say together, migrated, without defaults. */
  readonly table: JsonObject;
  /** What works and had better be changed: settings of an older version. To be logged, with its remedy. */
  readonly warnings: readonly ConfigWarning[];
}

/** One fault of a config. */
export interface ConfigFault {
  /** Absent where no file can be blamed, e.g. for a key that is missing everywhere. */
  readonly file?: string;
  readonly line?: number;
  /** The variable of the environment that is to blame. */
  readonly variable?: string;
  /** Dotted key path; empty for a fault of the whole file. */
  readonly key: string;
  readonly message: string;
  /** What was probably meant. */
  readonly suggestion?: string;
}

/** Something that was put right while the config was read. */
export interface ConfigWarning {
  readonly file: string;
  readonly line?: number;
  /** Dotted key path of the version that is old. */
  readonly key: string;
  readonly message: string;
  /** An imperative sentence. */
  readonly remedy: string;
}
