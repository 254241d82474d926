import type { PluginReport } from '../plugin/status.ts';
import type { Assembly } from './assembly.ts';
import { type ConfigChoice, readConfig } from './read-config.ts';

/** What an agent of this assembly and config would consist of; nothing is started. */
export async function offlineReports(assembly: Assembly, choice: ConfigChoice): Promise<readonly PluginReport[]> {
  const { planBoot } = await import('../plugin/index.ts');
  const config = await readConfig(assembly, choice);
  return planBoot(config.allPlugins, config.plugins).order.map(({ uri, plugin, disabled }): PluginReport => ({
    uri,
    type: plugin.provides.id,
    id: plugin.id,
    summary: plugin.summary,
    stability: plugin.stability ?? 'alpha',
    ...(plugin.version === undefined ? {} : { version: plugin.version }),
    status: disabled === undefined ? 'stopped' : 'disabled',
    reason: disabled ?? 'no agent was asked',
    startMs: 0,
    requires: Object.values(plugin.requires ?? {}).map(requirementText),
    provides: plugin.provides.id,
  }));
}

function requirementText(requirement: unknown): string {
  if (typeof requirement !== 'object' || requirement === null || !('id' in requirement)) return '';
  const id = String(requirement.id);
  const cardinality = 'cardinality' in requirement ? String(requirement.cardinality) : 'one';
  if (cardinality === 'byId' && 'pluginId' in requirement) return `${id}.${String(requirement.pluginId)}`;
  return cardinality === 'one' ? id : `${id} (${cardinality})`;
}
