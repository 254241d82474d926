import type { JsonObject } from '../json.ts';
import type { AnyPlugin } from '../plugin/definition.ts';
import type { PluginConfig } from '../plugin/plugin-config.ts';

/** Where a value of the config stands. */
export interface Origin {
  readonly file: string;
  /** From 1. */
  readonly line: number;
}

/** The config of one agent, checked, with defaults. */
export interface AgentConfig {
  readonly version: number;
  /** Folder of what outlives a reboot. */
  readonly root: string;
  /** Folder of what the kernel forgets in a reboot too. */
  readonly state: string;
  /** As written: globs, relative to the file that has them. */
  readonly imports: readonly string[];
  readonly required: readonly string[];
  readonly disabled: readonly string[];
  readonly packages: readonly string[];
  /** For `boot`. */
  readonly plugins: PluginConfig;
  /** The assembled plugins and those that `packages` has added: what `boot` is to start. */
  readonly allPlugins: readonly AnyPlugin[];
  /** Absolute paths of the files read, in the order in which they were laid over each other; none: all defaults. */
  readonly files: readonly string[];
  /** Dotted key path (`plugins."hawser.ipam.v1.range".ranges`) → where its value was written. Defaults have none. */
  readonly origins: ReadonlyMap<string, Origin>;
  /** What the files say together, without defaults. */
  readonly table: JsonObject;
}

/** One fault of a config. */
export interface ConfigFault {
  /** Absent where no file can be blamed, e.g. for a key that is missing everywhere. */
  readonly file?: string;
  readonly line?: number;
  /** Dotted key path; empty for a fault of the whole file. */
  readonly key: string;
  readonly message: string;
  /** What was probably meant. */
  readonly suggestion?: string;
}
