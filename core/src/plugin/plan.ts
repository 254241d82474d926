import type { AnyPlugin } from './definition.ts';
import type { PluginConfig } from './plugin-config.ts';

/** What can be wrong with a set of plugins before any of them starts. */
export type GraphFaultKind = 'invalid' | 'duplicate' | 'missing' | 'ambiguous' | 'self' | 'cycle' | 'disabled' | 'unknown';

/** One fault of the graph, as a sentence with the way to it and the way out. */
export interface GraphFault {
  readonly kind: GraphFaultKind;
  /** The plugin at fault, or the URI that names none. */
  readonly uri: string;
  readonly message: string;
  /** URIs from the plugin that asks to the one that can't be had; a cycle ends where it began. */
  readonly path: readonly string[];
  readonly remedy: string;
}

/** One plugin of the boot. */
export interface PlannedPlugin {
  readonly uri: string;
  readonly plugin: AnyPlugin;
  /** Why it doesn't take part; absent where it does. */
  readonly disabled?: string;
  /** Name in `requires` → URIs that provide it, the disabled ones too. */
  readonly providers: ReadonlyMap<string, readonly string[]>;
}

/** What a boot would do. */
export interface BootPlan {
  /** All plugins, requirements first. Not meaningful where there are faults. */
  readonly order: readonly PlannedPlugin[];
  readonly faults: readonly GraphFault[];
}

/** Solves the graph: pure, finds all faults at once, starts nothing. */
export function planBoot(plugins: readonly AnyPlugin[], config: PluginConfig): BootPlan {
  void plugins, config;
  return { order: [], faults: [] };
}
