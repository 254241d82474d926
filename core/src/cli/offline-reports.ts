import type { PluginReport } from '../plugin/status.ts';
import type { Assembly } from './assembly.ts';
import { type ConfigChoice, readConfig } from './read-config.ts';

/** What an agent of this assembly and config would consist of; nothing is started. */
export async function offlineReports(assembly: Assembly, choice: ConfigChoice): Promise<readonly PluginReport[]> {
  const { describePlugin, planBoot } = await import('../plugin/index.ts');
  const config = await readConfig(assembly, choice);
  return planBoot(config.allPlugins, config.plugins).order.map(({ plugin, disabled }) => ({
    ...describePlugin(plugin),
    status: disabled === undefined ? 'stopped' : 'disabled',
    reason: disabled ?? 'no agent was asked',
    startMs: 0,
  }));
}
