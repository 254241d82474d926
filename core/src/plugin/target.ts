import type { AnyPlugin } from './definition.ts';
import { graphInvalid } from './graph-invalid.ts';
import { type BootPlan, planBoot } from './plan.ts';
import type { PluginConfig } from './plugin-config.ts';
import { settingsOf } from './settings.ts';

/** What a set is to consist of. */
export interface PluginChoice {
  readonly plugins: readonly AnyPlugin[];
  readonly config: PluginConfig;
}

/** A set of plugins that can be started: its graph has no fault, and everyone has settings. */
export interface Target {
  readonly plan: BootPlan;
  readonly config: PluginConfig;
  /** URI → what start gets as its config; of those that take part. */
  readonly settings: ReadonlyMap<string, unknown>;
}

/** Solves the graph and finds the settings. Throws `plugin.graph_invalid`. */
export function targetOf({ plugins, config }: PluginChoice): Target {
  const plan = planBoot(plugins, config);
  if (plan.faults.length > 0) throw graphInvalid(plan.faults);
  const enabled = plan.order.filter(({ disabled }) => disabled === undefined);
  return { plan, config, settings: new Map(enabled.map(({ uri, plugin }) => [uri, settingsOf(plugin, config)])) };
}
