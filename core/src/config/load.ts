import type { AnyPlugin } from '../plugin/definition.ts';
import type { AgentConfig } from './agent-config.ts';

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
 * `config.unreadable`, `config.package_failed` and `config.invalid`; the latter with all faults at once in its message and in
 * `details.faults` (see ConfigFault).
 */
export async function loadConfig(options: LoadOptions): Promise<AgentConfig> {
  void options;
  throw new Error('not built yet');
}
