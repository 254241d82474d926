import type { AnyPlugin } from './definition.ts';
import { type GraphFault, planFaults } from './graph-faults.ts';
import type { PluginConfig } from './plugin-config.ts';
import type { PlannedPlugin } from './planned-plugin.ts';
import { requirementsOf, uriOf } from './uri.ts';

/** What a boot would do. */
export interface BootPlan {
  /** All plugins, requirements first, else as given. Where there are faults it is no order to start in. */
  readonly order: readonly PlannedPlugin[];
  readonly faults: readonly GraphFault[];
}

/** Solves the graph: pure, finds all faults at once, starts nothing. */
export function planBoot(plugins: readonly AnyPlugin[], config: PluginConfig): BootPlan {
  const disabled = plugins.map((plugin) => disabledReason(plugin, config));
  const enabled = plugins.filter((_, index) => disabled[index] === undefined);
  const planned = plugins.map((plugin, index): PlannedPlugin => {
    const reason = disabled[index];
    const providers = new Map(requirementsOf(plugin).map(([name, requirement]) => [name, providersOf(requirement, plugins, enabled)]));
    return { uri: uriOf(plugin), plugin, providers, ...(reason === undefined ? {} : { disabled: reason }) };
  });
  return { order: requirementsFirst(planned), faults: planFaults(planned, config) };
}

function disabledReason(plugin: AnyPlugin, config: PluginConfig): string | undefined {
  const uri = uriOf(plugin);
  if (config.disabled.has(uri)) return 'disabled by config';
  if (plugin.enabled === 'configured' && !config.configured.has(uri)) return 'not configured';
  return undefined;
}

type Wanted = ReturnType<typeof requirementsOf>[number][1];

function providersOf(requirement: Wanted, plugins: readonly AnyPlugin[], enabled: readonly AnyPlugin[]): readonly string[] {
  const matches = (plugin: AnyPlugin) =>
    plugin.provides.id === requirement.id && (requirement.cardinality !== 'byId' || plugin.id === requirement.pluginId);
  const among = requirement.cardinality === 'all' || !enabled.some(matches) ? plugins : enabled;
  return among.filter(matches).map(uriOf);
}

/** Depth-first over what is required, as containerd orders; a circle is cut where it closes. */
function requirementsFirst(planned: readonly PlannedPlugin[]): readonly PlannedPlugin[] {
  const byUri = Map.groupBy(planned, ({ uri }) => uri);
  const ordered = new Set<PlannedPlugin>();
  const entered = new Set<PlannedPlugin>();
  const visit = (entry: PlannedPlugin): void => {
    if (entered.has(entry)) return;
    entered.add(entry);
    for (const uri of [...entry.providers.values()].flat()) for (const provider of byUri.get(uri) ?? []) visit(provider);
    ordered.add(entry);
  };
  for (const entry of planned) visit(entry);
  return [...ordered];
}
